/* The round trip of one connection, as plainly as C can take it: `round_trip PORT SIZE SECONDS` prints the median
 * in nanoseconds. One message is under way at a time; its clock runs from before send to after the last byte. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define MOST 4000000
static long long took[MOST];

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
    long long x = *(const long long *)a, y = *(const long long *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    if (argc != 4 || atol(argv[2]) < 2) return fprintf(stderr, "round_trip PORT SIZE SECONDS\n"), 2;
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    size_t size = atol(argv[2]), count = 0;
    char *message = malloc(size), *reply = malloc(size);
    memcpy(memset(message, 'x', size) + size - 2, "\r\n", 2);
    int on = 1, sock = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(sock, (struct sockaddr *)&server, sizeof server)) return perror("connect"), 1;
    for (long long until = now() + (long long)(atof(argv[3]) * 1e9); count < MOST && now() < until; count++) {
        long long sent = now();
        if (send(sock, message, size, MSG_NOSIGNAL) != (ssize_t)size) return perror("send"), 1;
        if (recv(sock, reply, size, MSG_WAITALL) != (ssize_t)size) return perror("recv"), 1;
        took[count] = now() - sent;
        if (memcmp(message, reply, size)) return fprintf(stderr, "a wrong reply\n"), 1;
    }
    qsort(took, count, sizeof *took, ascending);
    return printf("%lld\n", took[count / 2]) < 0;
}
