/* A client that does the least: it connects, asks, takes as many bytes as it sent, closes, and begins anew. No check, no
 * clock, no latency. `ending PORT SIZE CLIENTS SECONDS` prints requests and CPU seconds. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PER_ADDRESS 8000 /* connections, so that no address runs out of ports (loadgen/source.py) */

struct client { int fd, asks; size_t got; };

static struct sockaddr_in server = {.sin_family = AF_INET};
static unsigned source;
static long connections;
static int ready;

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static double cpu_seconds(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void begin(struct client *c) {
    int on = 1;
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(source + connections++ / PER_ADDRESS)};
    struct epoll_event watch = {.events = EPOLLOUT, .data.ptr = c};
    *c = (struct client){socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), 1, 0};
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    bind(c->fd, (struct sockaddr *)&from, sizeof from);
    connect(c->fd, (struct sockaddr *)&server, sizeof server);
    epoll_ctl(ready, EPOLL_CTL_ADD, c->fd, &watch);
}

int main(int argc, char **argv) {
    if (argc != 5) return fprintf(stderr, "ending PORT SIZE CLIENTS SECONDS\n"), 2;
    size_t size = atol(argv[2]), count = atol(argv[3]);
    struct client *clients = calloc(count, sizeof *clients);
    char *message = malloc(size + 1);
    memcpy(memset(message, 'x', size) + size - 2, "\r\n", 2);
    server.sin_port = htons(atoi(argv[1]));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    source = INADDR_LOOPBACK + (1 << 16) + (getpid() % 60000) * 256;
    ready = epoll_create1(0);
    double used = cpu_seconds(), until = seconds() + atof(argv[4]);
    long replies = 0;
    for (size_t i = 0; i < count; i++) begin(clients + i);
    while (seconds() < until) {
        struct epoll_event events[128];
        int came = epoll_wait(ready, events, 128, 100);
        for (int i = 0; i < came; i++) {
            struct client *c = events[i].data.ptr;
            if (c->asks) {
                struct epoll_event watch = {.events = EPOLLIN, .data.ptr = c};
                if (send(c->fd, message, size, MSG_NOSIGNAL) != (ssize_t)size) return perror("send"), 1;
                epoll_ctl(ready, EPOLL_CTL_MOD, c->fd, &watch);
                c->asks = 0;
                continue;
            }
            ssize_t got = recv(c->fd, message, size, 0);
            if (got <= 0) return perror("recv"), 1;
            if ((c->got += got) < size) continue;
            close(c->fd);
            replies++;
            begin(c);
        }
    }
    return printf("%ld %f\n", replies, cpu_seconds() - used) < 0;
}
