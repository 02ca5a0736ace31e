/* A bare epoll echo server: what is left when the server costs next to nothing.
 * With -DAWAKE it never sleeps, so that nobody has to wake it.
 * With -DREPLY='"..."' it sends that instead of what it read, for clients that want an answer of their own protocol.
 * With -DPROCESSES=2 two processes share its connections, and end together. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef PROCESSES
#define PROCESSES 1
#endif

int main(void) {
    int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    bind(listener, (struct sockaddr *)&address, sizeof address);
    listen(listener, 1024);
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("READY 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (int others = PROCESSES - 1; others > 0; others--) {
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            break;
        }
    }
    int ready = epoll_create1(0);
    struct epoll_event watch = {.events = EPOLLIN, .data.fd = listener}, events[256];
    epoll_ctl(ready, EPOLL_CTL_ADD, listener, &watch);
    static char buffer[65536];
    for (;;) {
#ifdef AWAKE
        int count = epoll_wait(ready, events, 256, 0);
#else
        int count = epoll_wait(ready, events, 256, -1);
#endif
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                watch.data.fd = accept(listener, NULL, NULL);
                if (watch.data.fd >= 0) epoll_ctl(ready, EPOLL_CTL_ADD, watch.data.fd, &watch);
                continue;
            }
            ssize_t got = recv(fd, buffer, sizeof buffer, 0);
#ifdef REPLY
            if (got > 0) got = sizeof REPLY - 1;
            if (got <= 0 || send(fd, REPLY, got, MSG_NOSIGNAL) != got) close(fd);
#else
            if (got <= 0 || send(fd, buffer, got, MSG_NOSIGNAL) != got) close(fd);
#endif
        }
    }
}
