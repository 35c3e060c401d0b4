/* Raw echo server on epoll: what the kernel and this machine allow at most.
 * One read and one write for each connection and turn. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static int poller;
static char buffer[1 << 20];

static void fail(const char *what) {
    fprintf(stderr, "echo: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void watch_fd(int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event)) fail("epoll_ctl");
}

static int listen_on(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) fail("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, sizeof address)) fail("bind");
    if (listen(fd, 1024)) fail("listen");
    return fd;
}

static void accept_one(int listener) {
    int one = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0) fail("accept");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    watch_fd(fd);
}

/* The peer always reads, so waiting for room in the middle of a reply is short. */
static void send_back(int fd, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t sent = send(fd, buffer + done, size - done, MSG_NOSIGNAL);
        if (sent > 0) {
            done += (size_t)sent;
        } else if (errno == EAGAIN) {
            struct pollfd wait = {.fd = fd, .events = POLLOUT};
            poll(&wait, 1, -1);
        } else {
            return; /* closed: the next read tells */
        }
    }
}

static void echo(int fd) {
    ssize_t got = recv(fd, buffer, sizeof buffer, 0);
    if (got > 0)
        send_back(fd, (size_t)got);
    else if (got == 0 || errno != EAGAIN)
        close(fd);
}

int main(int argc, char **argv) {
    struct epoll_event events[256];
    if (argc != 2) {
        fputs("usage: echo PORT\n", stderr);
        return 2;
    }
    int listener = listen_on(atoi(argv[1]));
    poller = epoll_create1(EPOLL_CLOEXEC);
    watch_fd(listener);
    for (;;) {
        int n = epoll_wait(poller, events, 256, -1);
        for (int i = 0; i < n; i++)
            if (events[i].data.fd == listener)
                accept_one(listener);
            else
                echo(events[i].data.fd);
    }
}
