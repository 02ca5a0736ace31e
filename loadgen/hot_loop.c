/* The hot loop of loadgen/python_loop.py, compiled: the same steps in the same order, at a fraction of the CPU time.
 *
 * It handles clients that are `quick`: answered before, and nothing unusual since. It connects them, sends, reads, and
 * closes, as often as their exchange asks for it. Whatever else happens is handed to Python: `run` returns what and to whom, Python deals with it and calls again. Plain C without
 * Python's headers: compiled_loop.py mirrors the structures, and calls without the interpreter's lock.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

#define NO_STAMP -1
#define SPIN_BEFORE_NS 2000000 /* epoll waits in whole milliseconds: nearer arrivals are waited for awake */

struct client {
    int64_t asked_ns, intended_ns, connecting_ns, got, unsent;
    int64_t replies_left; /* until its connection ends; negative where it stays */
    int64_t arrived_ns, lay_ns; /* when the kernel had the reply's last bytes, and how long they lay; negative: no stamp */
    int64_t right; /* replies since the window began */
    const char *messages[2], *replies[2]; /* of its requests, asked in turn */
    int64_t reply_sizes[2];               /* 0 where they vary and none is known */
    int32_t turn, fd, quick, open, served, watched_for_room, drawn;
};

struct loop {
    int64_t request_size, varies, carries; /* carries: requests of a connection, 0 where it stays */
    int32_t connecting_asks, half_closes, server_closes, in_datagrams;
    int32_t epoll, again;
    struct client *clients;
    int32_t *by_fd;

    int64_t *answered_ns, *took_ns, *delayed_ns, count, capacity;
    int64_t *sampled[5], samples; /* of those drawn: asked, delayed, arrived, lay, and whose it is */
    int64_t *connected_ns, connects;
    const char *draws; /* for one request after the other: whether its reply's stamp is read */
    int64_t draws_room, draw, stamps;
    int64_t spin_ns, awaited, asked;

    int64_t *intended_ns, planned, head, due, waiting, backlog; /* the open loop's arrivals; those dropped are -1 */
    int32_t *idle;                                              /* a ring of clients without a request */
    int64_t idle_first, idle_count, idle_room;

    struct sockaddr_un target; /* where connections go, of any family; of no size: Python connects */
    int64_t target_size;
    struct sockaddr_in source; /* where they come from, if that matters */
    int64_t source_left;               /* connections that may still come from there; 0: Python knows another */

    int64_t client, event, length, error; /* what is handed to Python */
    int64_t event_count, event_next;
    struct epoll_event *events;
    int64_t events_room;
    char *buffer;
    int64_t buffer_room;
};

enum outcome { TIME_IS_UP, AT_REST, LOG_IS_FULL, EVENT, RECEIVED, BROKE, ASK, CONTINUE };

int64_t sizes(void) { return sizeof(struct client) << 32 | sizeof(struct loop); }

static int64_t read_clock(clockid_t which)
{
    struct timespec now;
    clock_gettime(which, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static int64_t now_ns(void) { return read_clock(CLOCK_MONOTONIC); }

/* As recv, and the client knows when the kernel got these bytes. At its connection's end nothing new. */
static ssize_t receive_stamped(struct loop *l, struct client *c, size_t room)
{
    char control[256];
    struct iovec piece = {l->buffer, room};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t length = recvmsg(c->fd, &message, 0);
    if (length <= 0)
        return length;
    c->lay_ns = NO_STAMP;
    for (struct cmsghdr *item = CMSG_FIRSTHDR(&message); item; item = CMSG_NXTHDR(&message, item)) {
        if (item->cmsg_level == SOL_SOCKET && item->cmsg_type == SO_TIMESTAMPNS) {
            struct timespec stamp;
            memcpy(&stamp, CMSG_DATA(item), sizeof stamp);
            c->lay_ns = read_clock(CLOCK_REALTIME) - (stamp.tv_sec * 1000000000LL + stamp.tv_nsec);
            c->arrived_ns = now_ns() - c->lay_ns;
        }
    }
    return length;
}

/* Whether the next request's reply is read with its stamp. */
static int drawn(struct loop *l)
{
    l->draw = (l->draw + 1) % l->draws_room;
    return l->draws[l->draw];
}

static enum outcome hand_over(struct loop *l, const struct client *c, enum outcome what, int64_t length, int error)
{
    l->client = c - l->clients;
    l->length = length;
    l->error = error;
    return what;
}

static void watch(const struct loop *l, const struct client *c, int operation, uint32_t events)
{
    struct epoll_event watched = {.events = events, .data.fd = c->fd};
    epoll_ctl(l->epoll, operation, c->fd, &watched);
}

/* What is unsent of the message, as far as there is room. */
static enum outcome send_on(struct loop *l, struct client *c)
{
    ssize_t sent = send(c->fd, c->messages[c->turn] + l->request_size - c->unsent, c->unsent, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN)
        return hand_over(l, c, BROKE, 0, errno);
    c->unsent -= sent > 0 ? sent : 0;
    if (c->unsent) {
        if (!c->watched_for_room)
            watch(l, c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
        c->watched_for_room = 1;
        return CONTINUE;
    }
    if (c->watched_for_room)
        watch(l, c, EPOLL_CTL_MOD, EPOLLIN);
    c->watched_for_room = 0;
    if (l->half_closes)
        shutdown(c->fd, SHUT_WR);
    return CONTINUE;
}

static enum outcome send_message(struct loop *l, struct client *c, int64_t now)
{
    c->asked_ns = now;
    c->got = 0;
    c->unsent = l->request_size;
    return send_on(l, c);
}

static enum outcome connected(struct loop *l, struct client *c)
{
    int64_t now = now_ns();
    l->connected_ns[l->connects++] = now - c->connecting_ns;
    c->connecting_ns = 0;
    c->replies_left = l->carries ? l->carries : -1;
    watch(l, c, EPOLL_CTL_MOD, EPOLLIN);
    if (!l->connecting_asks)
        return send_message(l, c, now);
    c->got = c->unsent = 0;
    return CONTINUE;
}

static enum outcome begin_connecting(struct loop *l, struct client *c, int64_t now)
{
    int on = 1;
    int fd = socket(l->target.sun_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return hand_over(l, c, BROKE, 0, errno);
    l->by_fd[fd] = c - l->clients;
    c->fd = fd;
    c->connecting_ns = now;
    if (l->target.sun_family != AF_UNIX)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (l->stamps)
        setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    if (l->source.sin_family) {
        l->source_left--;
        setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        if (bind(fd, (struct sockaddr *)&l->source, sizeof l->source))
            return hand_over(l, c, BROKE, 0, errno);
    }
    int failed = connect(fd, (struct sockaddr *)&l->target, l->target_size);
    int error = failed ? errno : 0;
    if (error == EAGAIN) /* a Unix socket's queue is full, where TCP would try again */
        error = ECONNREFUSED;
    watch(l, c, EPOLL_CTL_ADD, EPOLLOUT);
    if (!failed)
        return connected(l, c);
    return error == EINPROGRESS ? CONTINUE : hand_over(l, c, BROKE, 0, error);
}

static enum outcome ask(struct loop *l, struct client *c, int64_t now)
{
    if (c->fd < 0 && (!l->target_size || (l->source.sin_family && !l->source_left)))
        return hand_over(l, c, ASK, 0, 0);
    c->asked_ns = now;
    c->drawn = drawn(l);
    c->lay_ns = NO_STAMP;
    c->open = 1;
    l->awaited++;
    l->asked++;
    return c->fd < 0 ? begin_connecting(l, c, now) : send_message(l, c, now);
}

static void note_sample(struct loop *l, const struct client *c, int64_t now)
{
    int64_t told[5] = {c->asked_ns, c->asked_ns - c->intended_ns, c->lay_ns < 0 ? now : c->arrived_ns, c->lay_ns,
                       c - l->clients};
    for (int i = 0; i < 5; i++)
        l->sampled[i][l->samples] = told[i];
    l->samples++;
}

static enum outcome answered(struct loop *l, struct client *c)
{
    int64_t now = now_ns();
    l->answered_ns[l->count] = now;
    l->took_ns[l->count] = now - c->asked_ns;
    l->delayed_ns[l->count] = c->asked_ns - c->intended_ns;
    l->count++;
    c->right++;
    if (c->drawn)
        note_sample(l, c, now);
    c->turn = !c->turn;
    c->served = 1;
    c->open = 0;
    l->awaited--;
    if (c->replies_left > 0 && --c->replies_left == 0) {
        close(c->fd);
        l->by_fd[c->fd] = -1;
        c->fd = -1;
        c->got = 0;
    }
    if (l->spin_ns)
        for (int64_t until = now + l->spin_ns; now < until;)
            now = now_ns();
    if (l->again)
        return ask(l, c, now);
    l->idle[(l->idle_first + l->idle_count++) % l->idle_room] = c - l->clients;
    return CONTINUE;
}

static enum outcome take_reply(struct loop *l, struct client *c)
{
    int64_t left = c->reply_sizes[c->turn] - c->got;
    int64_t wanted = l->varies ? l->buffer_room : left + 1; /* one byte more than is right, to see it */
    size_t room = wanted < l->buffer_room ? wanted : l->buffer_room;
    ssize_t length = c->drawn && l->stamps ? receive_stamped(l, c, room) : recv(c->fd, l->buffer, room, 0);
    if (length < 0)
        return hand_over(l, c, BROKE, 0, errno);
    if (length == 0 && l->server_closes && !left && !c->unsent)
        return answered(l, c);
    if (length == 0 || length > left || (l->in_datagrams && length < left) || memcmp(l->buffer, c->replies[c->turn] + c->got, length) ||
        (length == left && c->unsent))
        return hand_over(l, c, RECEIVED, length, 0);
    c->got += length;
    return length < left || l->server_closes ? CONTINUE : answered(l, c);
}

/* What epoll told of a client whose request is open. */
static enum outcome handle(struct loop *l, struct client *c, uint32_t events)
{
    if (c->connecting_ns) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        return error ? hand_over(l, c, BROKE, 0, error) : connected(l, c);
    }
    if (events & EPOLLOUT && c->unsent) {
        enum outcome outcome = send_on(l, c);
        if (outcome != CONTINUE)
            return outcome;
    }
    return events & ~EPOLLOUT ? take_reply(l, c) : CONTINUE;
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
            if (l->count == l->capacity || l->connects == l->capacity)
                return LOG_IS_FULL;
            l->event_next++;
            int32_t number = l->by_fd[event->data.fd];
            if (number < 0)
                continue; /* closed since then */
            struct client *c = l->clients + number;
            enum outcome outcome;
            if (c->quick && c->open) {
                outcome = handle(l, c, event->events);
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
