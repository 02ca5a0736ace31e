/* The hot loop of loadgen/python_loop.py, compiled: the same steps in the same order, at a fraction of the CPU time.
 *
 * It handles clients that are `quick`: connected, answered before, nothing awaited but a whole reply. Whatever else
 * happens is handed to Python: `run` returns what and to whom, Python deals with it and calls again. Plain C without
 * Python's headers: compiled_loop.py mirrors the structures, and calls without the interpreter's lock.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#define SPIN_BEFORE_NS 2000000 /* epoll waits in whole milliseconds: nearer arrivals are waited for awake */

struct client {
    int64_t asked_ns, intended_ns, got;
    const char *messages[2], *replies[2]; /* of its requests, asked in turn */
    int32_t turn, fd, quick, open, served;
};

struct loop {
    int64_t message_size, reply_size;
    int32_t epoll, again;
    struct client *clients;
    const int32_t *by_fd;

    int64_t *answered_ns, *took_ns, *delayed_ns, count, capacity;
    int64_t *audited_ns, *arrival_ns, audits, audit_every, audit_left;
    int64_t spin_ns, awaited, asked;

    int64_t *intended_ns, planned, head, due, waiting, backlog; /* the open loop's arrivals; those dropped are -1 */
    int32_t *idle;                                              /* a ring of clients without a request */
    int64_t idle_first, idle_count, idle_room;

    int64_t client, event, length, error; /* what is handed to Python */
    int64_t event_count, event_next;
    struct epoll_event *events;
    int64_t events_room;
    char *buffer;
    int64_t buffer_room;
};

enum outcome { TIME_IS_UP, AT_REST, LOG_IS_FULL, EVENT, RECEIVED, BROKE, PARTLY_SENT, ASK, CONTINUE };

int64_t sizes(void) { return sizeof(struct client) << 32 | sizeof(struct loop); }

static int64_t read_clock(clockid_t which)
{
    struct timespec now;
    clock_gettime(which, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static int64_t now_ns(void) { return read_clock(CLOCK_MONOTONIC); }

/* As recv, and notes how long ago the kernel got the bytes. */
static ssize_t receive_stamped(struct loop *l, int fd, size_t room)
{
    char control[256];
    struct iovec piece = {l->buffer, room};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t length = recvmsg(fd, &message, 0);
    if (length <= 0)
        return length;
    for (struct cmsghdr *item = CMSG_FIRSTHDR(&message); item; item = CMSG_NXTHDR(&message, item)) {
        if (item->cmsg_level == SOL_SOCKET && item->cmsg_type == SO_TIMESTAMPNS) {
            struct timespec stamp;
            memcpy(&stamp, CMSG_DATA(item), sizeof stamp);
            l->arrival_ns[l->audits] = read_clock(CLOCK_REALTIME) - (stamp.tv_sec * 1000000000LL + stamp.tv_nsec);
            l->audited_ns[l->audits++] = now_ns();
        }
    }
    return length;
}

static enum outcome hand_over(struct loop *l, const struct client *c, enum outcome what, int64_t length, int error)
{
    l->client = c - l->clients;
    l->length = length;
    l->error = error;
    return what;
}

static enum outcome ask(struct loop *l, struct client *c, int64_t now)
{
    c->asked_ns = now;
    c->got = 0;
    c->open = 1;
    l->asked++;
    ssize_t sent = send(c->fd, c->messages[c->turn], l->message_size, MSG_NOSIGNAL);
    if (sent == l->message_size)
        return CONTINUE;
    if (sent >= 0 || errno == EAGAIN)
        return hand_over(l, c, PARTLY_SENT, sent < 0 ? 0 : sent, 0);
    return hand_over(l, c, BROKE, 0, errno);
}

static enum outcome take_reply(struct loop *l, struct client *c)
{
    int64_t left = l->reply_size - c->got;
    size_t room = left + 1 < l->buffer_room ? left + 1 : l->buffer_room; /* one byte more than is right, to see it */
    int audited = l->audit_every && --l->audit_left == 0;
    if (audited)
        l->audit_left = l->audit_every;
    ssize_t length = audited ? receive_stamped(l, c->fd, room) : recv(c->fd, l->buffer, room, 0);
    if (length < 0)
        return hand_over(l, c, BROKE, 0, errno);
    if (length == 0 || length > left || memcmp(l->buffer, c->replies[c->turn] + c->got, length))
        return hand_over(l, c, RECEIVED, length, 0);
    c->got += length;
    if (c->got < l->reply_size)
        return CONTINUE;
    int64_t now = now_ns();
    l->answered_ns[l->count] = now;
    l->took_ns[l->count] = now - c->asked_ns;
    l->delayed_ns[l->count] = c->asked_ns - c->intended_ns;
    l->count++;
    c->turn = !c->turn;
    c->served = 1;
    if (l->spin_ns)
        for (int64_t until = now + l->spin_ns; now_ns() < until;)
            ;
    if (l->again)
        return ask(l, c, now);
    c->open = 0;
    l->awaited--;
    l->idle[(l->idle_first + l->idle_count++) % l->idle_room] = c - l->clients;
    return CONTINUE;
}

static void let_in(struct loop *l, int64_t now)
{
    for (; l->due < l->planned && l->intended_ns[l->due] <= now; l->due++) {
        if (l->waiting < l->backlog + l->idle_count) /* who is idle is about to take one */
            l->waiting++;
        else
            l->intended_ns[l->due] = -1;
    }
}

/* Let in the arrivals that are due, and give each an idle client. */
static enum outcome dispatch(struct loop *l)
{
    for (;;) {
        int64_t now = now_ns();
        let_in(l, now);
        if (!l->waiting || !l->idle_count)
            return CONTINUE;
        while (l->intended_ns[l->head] < 0)
            l->head++;
        struct client *c = l->clients + l->idle[l->idle_first];
        l->idle_first = (l->idle_first + 1) % l->idle_room;
        l->idle_count--;
        c->intended_ns = l->intended_ns[l->head++];
        l->waiting--;
        if (!c->quick)
            return hand_over(l, c, ASK, 0, 0);
        l->awaited++;
        enum outcome outcome = ask(l, c, now);
        if (outcome != CONTINUE)
            return outcome;
    }
}

/* Until that instant, or until nothing is awaited and nothing to come; or until Python has to see to something. */
int run(struct loop *l, int64_t until_ns)
{
    for (;;) {
        while (l->event_next < l->event_count) {
            struct epoll_event *event = &l->events[l->event_next];
            if (l->count == l->capacity || l->audits == l->capacity)
                return LOG_IS_FULL;
            l->event_next++;
            int32_t number = l->by_fd[event->data.fd];
            if (number < 0)
                continue; /* closed since then */
            struct client *c = l->clients + number;
            enum outcome outcome;
            if (event->events == EPOLLIN && c->quick && c->open) {
                outcome = take_reply(l, c);
            } else {
                l->event = event->events;
                outcome = hand_over(l, c, EVENT, 0, 0);
            }
            if (outcome != CONTINUE)
                return outcome;
        }
        if (!l->again) {
            enum outcome outcome = dispatch(l);
            if (outcome != CONTINUE)
                return outcome;
            if (!l->awaited && !l->waiting && l->due == l->planned)
                return AT_REST;
        }
        int64_t now = now_ns(), wake_ns = until_ns;
        if (now >= until_ns)
            return TIME_IS_UP;
        if (!l->again && l->due < l->planned && l->intended_ns[l->due] - SPIN_BEFORE_NS < wake_ns)
            wake_ns = l->intended_ns[l->due] - SPIN_BEFORE_NS;
        int wait_ms = wake_ns <= now ? 0 : (int)((wake_ns - now + 999999) / 1000000);
        int count = epoll_wait(l->epoll, l->events, l->events_room, wait_ms);
        l->event_next = 0;
        l->event_count = count > 0 ? count : 0;
    }
}
