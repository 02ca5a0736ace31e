"""How each chart of the page is read, by the column of its figure."""

BARS = (
    "A bar is made for comparing strategies at one place: where two don't touch, the pair differs at about 5 "
    "%. The machine's common movement is no part of it. Of all pairs together, the ranks in the table say "
    "what was shown. A bar that ends far beyond all figures is cut short, where an arrow stands; "
    "its marker tells the whole."
)
QUOTIENTS = (
    "A ratio is not quite the quotient of the rates beside it. It is taken first, between the windows of one round, "
    "which meet the same machine. A block has the median of its rounds', and shown is the blocks' geometric mean."
)
HOLLOW = (
    "A hollow marker is doubtful, or some of its clients are never served: point at it, or look into the "
    "table, for the reason. A dashed line is a listing of the book's chapter."
)
HOW_TO_READ: dict[str, list[str]] = {
    "throughput_rps": [
        "Higher is better. Each point is the number of correct replies in a second, the geometric mean over blocks.",
        BARS,
        HOLLOW,
    ],
    "knee_rps": [
        "Higher is better. Each point is the highest rate whose p99 stayed under the limit.",
        BARS,
        HOLLOW,
    ],
    "ratio": [
        "Above 1 a strategy answers more requests than the reference, below 1 fewer. Choose the reference in "
        "the list of strategies, or click a line.",
        QUOTIENTS,
        "Where the reference is doubtful, every ratio to it is drawn hollow.",
        "A bar is the 95 % interval of this very ratio, from the ratios within blocks. One that holds 1 "
        "(marked ~) shows no difference. It is 95 % for each by itself: of fourteen, one misses every other "
        "time.",
        HOLLOW,
    ],
    "p50_us": [
        "Lower is better. Half of the requests take longer than this. With more clients each waits for more "
        "others, so latency grows where throughput doesn't.",
        BARS,
        HOLLOW,
    ],
    "p99_us": [
        "Lower is better. One request in a hundred takes longer than this. A strategy without a point has too "
        "few requests for it, or windows that are too short beside it.",
        BARS,
        HOLLOW,
    ],
    "server_cpu_us_per_request": [
        "Lower is better. It is the CPU time of all processes of the server, in user mode and in the kernel, "
        "by correct reply. It holds where the load generator limits the rate, at the pace at which it was "
        "measured.",
        BARS,
        HOLLOW,
    ],
    "memory_per_connection_kib": [
        "Lower is better. It is what a server's own memory grows by from one client to all of them, by "
        "client. It is given from 100 clients on.",
        "It is looked at in two blocks at most. A bar goes from the least to the most of these, and is no interval: no "
        "error rate is known for it.",
        HOLLOW,
    ],
    "spectrum": [
        "Lower is better, and flat is better than steep. Each step to the right leaves a tenth of the "
        "requests: p99 is what one in a hundred exceeds, p99.9 one in a thousand.",
        "A line ends where fewer than ten requests are slower, or where the windows are too short to tell. "
        "Blocks weigh alike. The words at its end say how slow that is, and one in how many requests is slower still.",
        "Requests without an answer count as slower than any: the line of a strategy that starves clients climbs and "
        "ends early.",
        HOLLOW,
    ],
}
