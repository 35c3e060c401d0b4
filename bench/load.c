/* Load generator for the beanstalkd protocol: one process, epoll, no dependencies.
 *
 * A *loop* is what a connection repeats: put; reserve+delete; put, reserve, delete.
 * A connection keeps `depth` loops going; each reply decides the next command of
 * its loop, and all commands that one read gave rise to leave in one write.
 * Every reply is checked; an unexpected one ends the run with status 1, so a
 * figure can only come from a server that did the work.
 *
 * Latency is the time from handing a command to the kernel to reading its reply,
 * kept in a log-linear histogram: 64 buckets to each power of two (at most 1.6 %).
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum verb { PUT, RESERVE, DELETE, USE, WATCH, IGNORE, ECHO, LPUSH, BLPOP };
static const char *const VERB_NAMES[] = {"put",    "reserve", "delete", "use",  "watch",
                                         "ignore", "echo",    "LPUSH",  "BLPOP"};

/* What a connection repeats. A waker puts to the worker that is its peer. */
enum role { PRODUCER, CONSUMER, CYCLER, WAKER, WORKER };

struct pending {
    uint64_t sent;
    enum verb verb;
};

struct conn {
    int fd;
    enum role role;
    bool blocked; /* the kernel took less than we had: waiting for EPOLLOUT */
    unsigned tube;
    int old_tube; /* watched before the hop; -1 is "default" */
    char *in;
    size_t in_start, in_end, in_size;
    char *out;
    size_t out_start, out_end, out_size;
    struct pending *ring; /* commands sent, in order, without a reply so far */
    unsigned head, tail, ring_mask;
    struct conn *peer;
    unsigned acks;     /* waker: what is missing before the next put */
    uint64_t put_sent; /* waker: when the job left */
};

static struct {
    const char *mode;
    int port, connections, depth, tubes, waiters, idle, pid;
    size_t body;
    long fill, ops, fill_delay;
    double warmup, seconds;
    bool random_pri, redis;
} opt = {.mode = "put", .connections = 1, .depth = 1, .tubes = 1, .body = 16,
         .warmup = 0.2, .seconds = 1.0};

static struct {
    char *text;
    size_t size;
    size_t body_at;
} put_command;

static int poller;
static uint64_t now;
static uint64_t loops_left;   /* loops that may still start */
static uint64_t outstanding;  /* commands without a reply */
static unsigned next_tube;    /* of the filling */
static bool filling, measuring;
static uint64_t ops, latency_count, latency_max;
static int *idle_fds;
static int idle_count;

/* ---- small things ---- */

static bool mode_is(const char *name) { return !strcmp(opt.mode, name); }

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

static uint64_t clock_ns(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void *allocate(size_t size) {
    void *memory = malloc(size);
    if (!memory) die("out of memory (%zu bytes)", size);
    return memory;
}

static uint32_t chance(void) {
    static uint64_t state = 0x9E3779B97F4A7C15u; /* the same run each time */
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 16);
}

/* ---- histogram ---- */

#define SUB_BITS 6
#define SUB_COUNT (1u << SUB_BITS)
static uint64_t buckets[(64 - SUB_BITS + 1) * SUB_COUNT];

static unsigned bucket_of(uint64_t value) {
    if (value < SUB_COUNT) return (unsigned)value;
    unsigned shift = 63 - SUB_BITS - (unsigned)__builtin_clzll(value);
    return (shift + 1) * SUB_COUNT + (unsigned)((value >> shift) - SUB_COUNT);
}

/* The middle of a bucket: the inverse of bucket_of to half a bucket's width. */
static double bucket_middle(unsigned bucket) {
    if (bucket < SUB_COUNT) return bucket;
    unsigned shift = bucket / SUB_COUNT - 1;
    double low = (double)((uint64_t)(bucket % SUB_COUNT + SUB_COUNT) << shift);
    return low + (double)((uint64_t)1 << shift) / 2;
}

static void record(uint64_t value) {
    buckets[bucket_of(value)]++;
    latency_count++;
    if (value > latency_max) latency_max = value;
}

static double percentile(double part) {
    uint64_t wanted = (uint64_t)(part * (double)latency_count + 0.999999), seen = 0;
    for (unsigned i = 0; i < sizeof buckets / sizeof *buckets; i++) {
        seen += buckets[i];
        if (seen && seen >= wanted) return bucket_middle(i);
    }
    return 0;
}

/* ---- the server's processor time ---- */

struct cpu_time {
    uint64_t ran, waited; /* ns on a processor; ns ready to run without getting one */
};

/* Summed over the threads of the process. */
static struct cpu_time server_cpu(int pid) {
    char path[320];
    struct cpu_time sum = {0, 0};
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    if (!tasks) die("no process %d", pid);
    for (struct dirent *task; (task = readdir(tasks));) {
        unsigned long long ran, waited;
        if (task->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", pid, task->d_name);
        FILE *file = fopen(path, "r");
        if (!file) continue; /* a thread that ended meanwhile */
        if (fscanf(file, "%llu %llu", &ran, &waited) == 2) {
            sum.ran += ran;
            sum.waited += waited;
        }
        fclose(file);
    }
    closedir(tasks);
    return sum;
}

/* ---- connections ---- */

static int connect_socket(void) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)opt.port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) die("socket: %s", strerror(errno));
    if (connect(fd, (struct sockaddr *)&address, sizeof address))
        die("connect to 127.0.0.1:%d: %s", opt.port, strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static void send_all(int fd, const char *text, size_t size) {
    for (ssize_t sent; size; text += sent, size -= (size_t)sent)
        if ((sent = send(fd, text, size, MSG_NOSIGNAL)) < 0)
            die("send: %s", strerror(errno));
}

/* Send a command on a blocking socket; its reply is exactly as expected. */
static void ask(int fd, const char *command, const char *expected) {
    char reply[256];
    size_t size = strlen(expected), got = 0;
    send_all(fd, command, strlen(command));
    while (got < size) {
        ssize_t part = recv(fd, reply + got, size - got, 0);
        if (part <= 0) die("no reply to \"%.40s\"", command);
        got += (size_t)part;
    }
    if (memcmp(reply, expected, size))
        die("reply to \"%.40s\" is \"%.*s\"", command, (int)size, reply);
}

static struct conn *open_conn(enum role role, int depth) {
    struct conn *c = allocate(sizeof *c);
    unsigned ring = 8;
    while (ring < 4u * (unsigned)depth) ring *= 2;
    *c = (struct conn){.fd = connect_socket(), .role = role, .old_tube = -1};
    c->in_size = 65536 + opt.body + 256;
    c->in = allocate(c->in_size);
    c->out_size = (size_t)depth * (put_command.size + 64) + 4096;
    c->out = allocate(c->out_size);
    c->ring = allocate(ring * sizeof *c->ring);
    c->ring_mask = ring - 1;
    return c;
}

static void poll_conn(struct conn *c) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (fcntl(c->fd, F_SETFL, O_NONBLOCK)) die("fcntl: %s", strerror(errno));
    if (epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event))
        die("epoll_ctl: %s", strerror(errno));
}

static void close_conn(struct conn *c) {
    close(c->fd);
    free(c->in);
    free(c->out);
    free(c->ring);
    free(c);
}

/* ---- sending ---- */

static void want_output(struct conn *c, bool wanted) {
    struct epoll_event event = {.events = EPOLLIN | (wanted ? EPOLLOUT : 0u),
                                .data.ptr = c};
    if (epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event))
        die("epoll_ctl: %s", strerror(errno));
    c->blocked = wanted;
}

static void flush(struct conn *c) {
    while (c->out_start < c->out_end) {
        ssize_t sent = send(c->fd, c->out + c->out_start, c->out_end - c->out_start,
                            MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            if (!c->blocked) want_output(c, true);
            return;
        }
        if (sent < 0) die("send: %s", strerror(errno));
        c->out_start += (size_t)sent;
    }
    c->out_start = c->out_end = 0;
    if (c->blocked) want_output(c, false);
}

static char *room(struct conn *c, size_t size) {
    if (c->out_size - c->out_end < size && c->out_start) {
        c->out_end -= c->out_start;
        memmove(c->out, c->out + c->out_start, c->out_end);
        c->out_start = 0;
    }
    if (c->out_size - c->out_end < size) die("output buffer too small");
    return c->out + c->out_end;
}

static void expect(struct conn *c, enum verb verb) {
    c->ring[c->tail++ & c->ring_mask] = (struct pending){.sent = now, .verb = verb};
    outstanding++;
}

static void __attribute__((format(printf, 3, 4)))
say(struct conn *c, enum verb verb, const char *format, ...) {
    va_list args;
    char *at = room(c, 128);
    va_start(args, format);
    c->out_end += (size_t)vsnprintf(at, 128, format, args);
    va_end(args);
    expect(c, verb);
}

static void say_put(struct conn *c) {
    char *at = room(c, put_command.size + 32);
    size_t head = 0;
    const char *rest = put_command.text;
    size_t rest_size = put_command.size;
    long delay = filling && opt.fill_delay
                     ? opt.fill_delay + (long)(chance() % (uint32_t)opt.fill_delay)
                     : 0;
    if (opt.random_pri || delay) {
        head = (size_t)sprintf(at, "put %u %ld 120 %zu\r\n",
                               opt.random_pri ? chance() : 1024u, delay, opt.body);
        rest += put_command.body_at;
        rest_size -= put_command.body_at;
    }
    memcpy(at + head, rest, rest_size);
    c->out_end += head + rest_size;
    expect(c, mode_is("echo") ? ECHO : PUT);
}

static void say_reserve(struct conn *c) {
    if (opt.redis) {
        char *at = room(c, 64);
        c->out_end += (size_t)sprintf(
            at, "*3\r\n$5\r\nBLPOP\r\n$9\r\npair%05u\r\n$1\r\n0\r\n", c->tube);
        expect(c, BLPOP);
        return;
    }
    memcpy(room(c, 9), "reserve\r\n", 9);
    c->out_end += 9;
    expect(c, RESERVE);
}

static void say_delete(struct conn *c, uint64_t job) {
    char digits[20];
    unsigned n = 0;
    do digits[n++] = (char)('0' + job % 10);
    while (job /= 10);
    char *at = room(c, 32), *start = at;
    memcpy(at, "delete ", 7);
    for (at += 7; n; n--) *at++ = digits[n - 1];
    memcpy(at, "\r\n", 2);
    c->out_end += (size_t)(at + 2 - start);
    expect(c, DELETE);
}

/* ---- loops: what follows what ---- */

/* Redis has no tubes: the key is part of the command, one for each pair. */
static void say_push(struct conn *c) {
    char *at = room(c, put_command.size + 64);
    size_t head = (size_t)sprintf(at, "*3\r\n$5\r\nLPUSH\r\n$9\r\npair%05u\r\n$%zu\r\n",
                                  c->tube, opt.body);
    memcpy(at + head, put_command.text + put_command.body_at, opt.body + 2);
    c->out_end += head + opt.body + 2;
    expect(c, LPUSH);
}

static void wake_peer(struct conn *c) {
    c->acks = opt.redis ? 2 : 3; /* our reply, the job's arrival, its deletion */
    c->put_sent = now;
    if (opt.redis)
        say_push(c);
    else
        say_put(c);
}

/* Go to the next tube. These commands leave in one write with the put that follows,
 * and are not counted: a cycle stays three operations. */
static void hop(struct conn *c) {
    say(c, USE, "use t%u\r\n", c->tube);
    say(c, WATCH, "watch t%u\r\n", c->tube);
    if (c->old_tube < 0)
        say(c, IGNORE, "ignore default\r\n");
    else
        say(c, IGNORE, "ignore t%d\r\n", c->old_tube);
    c->old_tube = (int)c->tube;
    c->tube = (c->tube + 1) % (unsigned)opt.tubes;
}

static void start_loop(struct conn *c) {
    if (!loops_left) return;
    loops_left--;
    switch (c->role) {
    case PRODUCER:
        if (opt.tubes > 1) say(c, USE, "use t%u\r\n", next_tube++ % (unsigned)opt.tubes);
        say_put(c);
        break;
    case CONSUMER:
    case WORKER:
        say_reserve(c);
        break;
    case CYCLER:
        if (opt.tubes > 1) hop(c);
        say_put(c);
        break;
    case WAKER:
        wake_peer(c);
        break;
    }
}

/* One of the three things happened that a waker waits for before its next put. */
static void acknowledge(struct conn *waker) {
    if (--waker->acks) return;
    ops++;
    start_loop(waker);
    flush(waker);
}

static void job_arrived(struct conn *c, uint64_t job) {
    if (c->role == WORKER) {
        if (measuring) record(now - c->peer->put_sent);
        acknowledge(c->peer);
    }
    say_delete(c, job);
    if (c->role == WORKER) say_reserve(c);
}

/* A reply was read and is right; the loop goes on. */
static void go_on(struct conn *c, enum verb verb, uint64_t job) {
    switch (verb) {
    case PUT:
    case ECHO:
    case LPUSH:
        if (c->role == CYCLER)
            say_reserve(c);
        else if (c->role == WAKER)
            acknowledge(c);
        else
            start_loop(c);
        break;
    case RESERVE:
        job_arrived(c, job);
        break;
    case BLPOP:
        if (measuring) record(now - c->peer->put_sent);
        say_reserve(c);
        acknowledge(c->peer);
        break;
    case DELETE:
        if (c->role == WORKER)
            acknowledge(c->peer);
        else
            start_loop(c);
        break;
    case USE:
    case WATCH:
    case IGNORE:
        break; /* the put is on its way */
    }
}

/* ---- replies ---- */

static void __attribute__((noreturn)) refuse(enum verb verb, const char *at, size_t size) {
    die("unexpected reply to %s: \"%.*s\"", VERB_NAMES[verb], (int)(size > 80 ? 80 : size),
        at);
}

static bool starts(const char *at, size_t size, const char *with) {
    size_t n = strlen(with);
    return size >= n && !memcmp(at, with, n);
}

/* A decimal number that ends at the given byte; -1 when it is anything else. */
static int64_t number(const char **at, const char *end, char until) {
    const char *p = *at;
    int64_t value = 0;
    for (; p < end && *p >= '0' && *p <= '9'; p++) value = value * 10 + (*p - '0');
    if (p == *at || p >= end || *p != until) return -1;
    *at = p + 1;
    return value;
}

static void check_body(const char *at, enum verb verb) {
    if (memcmp(at, put_command.text + put_command.body_at, opt.body + 2))
        refuse(verb, at, opt.body);
}

/* RESERVED id size, body. Gives the size of the reply, 0 while it is incomplete. */
static size_t read_reserved(const char *at, size_t size, const char *eol, uint64_t *job) {
    const char *p = at + 9;
    size_t line = (size_t)(eol - at) + 1;
    if (!starts(at, line, "RESERVED ")) refuse(RESERVE, at, line);
    int64_t id = number(&p, eol, ' ');
    int64_t bytes = number(&p, eol, '\r');
    if (id < 1 || bytes != (int64_t)opt.body) refuse(RESERVE, at, line);
    if (size < line + opt.body + 2) return 0;
    check_body(at + line, RESERVE);
    *job = (uint64_t)id;
    return line + opt.body + 2;
}

static size_t read_echo(const char *at, size_t size) {
    if (size < put_command.size) return 0;
    if (memcmp(at, put_command.text, put_command.size)) refuse(ECHO, at, size);
    return put_command.size;
}

static size_t read_popped(const char *at, size_t size, unsigned tube) {
    char head[64];
    size_t n = (size_t)snprintf(head, sizeof head, "*2\r\n$9\r\npair%05u\r\n$%zu\r\n", tube,
                                opt.body);
    if (size < n + opt.body + 2) return 0;
    if (memcmp(at, head, n)) refuse(BLPOP, at, size);
    check_body(at + n, BLPOP);
    return n + opt.body + 2;
}

static void check_line(enum verb verb, const char *at, const char *eol) {
    static const char *const wanted[] = {[PUT] = "INSERTED ", [DELETE] = "DELETED\r",
                                         [USE] = "USING t",   [WATCH] = "WATCHING 2\r",
                                         [IGNORE] = "WATCHING 1\r", [LPUSH] = ":"};
    size_t n = strlen(wanted[verb]), line = (size_t)(eol - at) + 1;
    if (line < n + 1 || memcmp(at, wanted[verb], n) || eol[-1] != '\r')
        refuse(verb, at, line);
    if (verb == PUT || verb == LPUSH) {
        const char *p = at + n;
        if (number(&p, eol, '\r') < 1 || p != eol) refuse(verb, at, line);
    }
}

/* Check one reply; its size, or 0 while more bytes are needed. */
static size_t read_reply(struct conn *c, enum verb verb, uint64_t *job) {
    const char *at = c->in + c->in_start;
    size_t size = c->in_end - c->in_start;
    if (verb == ECHO) return read_echo(at, size);
    if (verb == BLPOP) return read_popped(at, size, c->tube);
    const char *eol = memchr(at, '\n', size);
    if (!eol) return 0;
    if (verb == RESERVE) return read_reserved(at, size, eol, job);
    check_line(verb, at, eol);
    return (size_t)(eol - at) + 1;
}

static bool changes_tube(enum verb verb) {
    return verb == USE || verb == WATCH || verb == IGNORE;
}

static bool handle_reply(struct conn *c) {
    uint64_t job = 0;
    if (c->head == c->tail) die("a reply without a command: \"%.40s\"", c->in + c->in_start);
    struct pending sent = c->ring[c->head & c->ring_mask];
    size_t size = read_reply(c, sent.verb, &job);
    if (!size) return false;
    c->in_start += size;
    c->head++;
    outstanding--;
    bool counted = c->role < WAKER && !changes_tube(sent.verb);
    if (counted) {
        ops++;
        if (measuring) record(now - sent.sent);
    }
    go_on(c, sent.verb, job);
    return true;
}

static void make_input_room(struct conn *c) {
    if (c->in_start == c->in_end) {
        c->in_start = c->in_end = 0;
    } else if (c->in_size - c->in_end < 32768) {
        c->in_end -= c->in_start;
        memmove(c->in, c->in + c->in_start, c->in_end);
        c->in_start = 0;
    }
}

static void on_readable(struct conn *c) {
    make_input_room(c);
    ssize_t got = recv(c->fd, c->in + c->in_end, c->in_size - c->in_end, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) die("the server closed a connection");
    now = clock_ns(CLOCK_MONOTONIC);
    c->in_end += (size_t)got;
    while (c->in_start < c->in_end && handle_reply(c)) {
    }
    flush(c);
}

/* ---- phases ---- */

struct span {
    uint64_t start, end, own_cpu, ops;
    struct cpu_time server;
};

static void begin_span(struct span *s) {
    ops = 0;
    measuring = true;
    s->own_cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    if (opt.pid) s->server = server_cpu(opt.pid);
    s->start = clock_ns(CLOCK_MONOTONIC);
}

static void end_span(struct span *s) {
    s->end = clock_ns(CLOCK_MONOTONIC);
    s->ops = ops;
    s->own_cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - s->own_cpu;
    measuring = false;
    if (!opt.pid) return;
    struct cpu_time before = s->server;
    s->server = server_cpu(opt.pid);
    s->server.ran -= before.ran;
    s->server.waited -= before.waited;
}

static void turn(void) {
    struct epoll_event events[256];
    int n = epoll_wait(poller, events, 256, 10000);
    if (n < 0 && errno != EINTR) die("epoll_wait: %s", strerror(errno));
    if (!n) die("no reply in 10 s (%llu outstanding)", (unsigned long long)outstanding);
    for (int i = 0; i < n; i++) {
        struct conn *c = events[i].data.ptr;
        if (events[i].events & EPOLLOUT) flush(c);
        if (events[i].events & ~(uint32_t)EPOLLOUT) on_readable(c);
    }
    now = clock_ns(CLOCK_MONOTONIC);
}

static void start_all(struct conn **conns, int count, int depth) {
    now = clock_ns(CLOCK_MONOTONIC);
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < depth; k++) start_loop(conns[i]);
        flush(conns[i]);
    }
}

static void fill_store(void) {
    struct conn *conns[4];
    const int depth = 64;
    if (!opt.fill) return;
    filling = true;
    loops_left = (uint64_t)opt.fill;
    for (int i = 0; i < 4; i++) poll_conn(conns[i] = open_conn(PRODUCER, depth));
    start_all(conns, 4, depth);
    while (outstanding) turn();
    for (int i = 0; i < 4; i++) close_conn(conns[i]);
    filling = false;
}

/* Run to the end of the time or of the work; tells whether the work ended first. */
static bool run_loops(struct conn **conns, struct span *span) {
    uint64_t warm_until, stop_at;
    start_all(conns, opt.connections, opt.depth);
    warm_until = now + (uint64_t)(opt.warmup * 1e9);
    stop_at = warm_until + (uint64_t)(opt.seconds * 1e9);
    if (opt.warmup <= 0) begin_span(span);
    while (outstanding && now < stop_at) {
        turn();
        if (!measuring && now >= warm_until) begin_span(span);
    }
    if (!measuring) die("the work ended during the warm-up: give more jobs");
    end_span(span);
    return !outstanding;
}

/* Leave the server quiet and without jobs half done, where no reserve may block. */
static void finish_loops(void) {
    loops_left = 0;
    while (outstanding && !mode_is("mixed") && !mode_is("wake")) turn();
}

/* ---- scenario ---- */

static void build_put_command(void) {
    put_command.text = allocate(opt.body + 64);
    put_command.body_at =
        (size_t)sprintf(put_command.text, "put 1024 0 120 %zu\r\n", opt.body);
    for (size_t i = 0; i < opt.body; i++)
        put_command.text[put_command.body_at + i] = (char)('a' + i % 26);
    put_command.size = put_command.body_at + opt.body + 2;
    memcpy(put_command.text + put_command.size - 2, "\r\n", 2);
}

/* Ask for statistics; the reply's body, which lasts until the next call. */
static const char *ask_stats(int fd, const char *command) {
    static char reply[16384];
    size_t got = 0, bytes;
    const char *body = NULL;
    send_all(fd, command, strlen(command));
    do {
        ssize_t part = recv(fd, reply + got, sizeof reply - 1 - got, 0);
        if (part <= 0) die("no complete reply to \"%s\"", command);
        got += (size_t)part;
        reply[got] = 0;
        if (!starts(reply, got, "OK ")) die("reply to \"%s\" is \"%.60s\"", command, reply);
        bytes = strtoul(reply + 3, NULL, 10);
        body = memchr(reply, '\n', got);
    } while (!body || got < (size_t)(body + 1 - reply) + bytes + 2);
    return body + 1;
}

static int count_waiting(int fd) {
    static const char name[] = "current-waiting: ";
    const char *field = strstr(ask_stats(fd, "stats-tube waiters\r\n"), name);
    if (!field) die("stats-tube has no current-waiting");
    return atoi(field + strlen(name));
}

/* Connections that only exist: idle ones, and waiters blocked in a reserve. */
static void open_idle(void) {
    idle_fds = allocate(sizeof *idle_fds * (size_t)(opt.idle + opt.waiters + 1));
    for (; idle_count < opt.idle; idle_count++) {
        idle_fds[idle_count] = connect_socket();
        ask(idle_fds[idle_count], "use idle\r\n", "USING idle\r\n");
    }
    for (; idle_count < opt.idle + opt.waiters; idle_count++) {
        int fd = idle_fds[idle_count] = connect_socket();
        ask(fd, "watch waiters\r\n", "WATCHING 2\r\n");
        ask(fd, "ignore default\r\n", "WATCHING 1\r\n");
        send_all(fd, "reserve\r\n", 9);
    }
    if (!opt.waiters) return;
    int asker = connect_socket();
    for (int tries = 0; count_waiting(asker) != opt.waiters; tries++)
        if (tries == 10000) die("the waiters did not all get to wait");
    close(asker);
}

static void check_idle(void) {
    for (int i = 0; i < idle_count; i++) {
        struct pollfd probe = {.fd = idle_fds[i], .events = POLLIN};
        if (poll(&probe, 1, 0)) die("an idle connection got something or was closed");
    }
}

static void join_tube(struct conn *c) {
    char command[64], expected[64];
    if (opt.redis) return;
    if (c->role == WAKER) {
        snprintf(command, sizeof command, "use pair%u\r\n", c->tube);
        snprintf(expected, sizeof expected, "USING pair%u\r\n", c->tube);
        ask(c->fd, command, expected);
        return;
    }
    snprintf(command, sizeof command, "watch pair%u\r\n", c->tube);
    ask(c->fd, command, "WATCHING 2\r\n");
    ask(c->fd, "ignore default\r\n", "WATCHING 1\r\n");
}

static enum role role_of(int i) {
    if (mode_is("take")) return CONSUMER;
    if (mode_is("cycle")) return CYCLER;
    if (mode_is("mixed")) return i % 2 ? CONSUMER : PRODUCER;
    if (mode_is("wake")) return i < opt.connections / 2 ? WORKER : WAKER;
    return PRODUCER;
}

/* Workers come first, so that each waits when its waker's first job arrives. */
static void pair_up(struct conn **conns) {
    int half = opt.connections / 2;
    for (int i = 0; i < opt.connections; i++) {
        conns[i]->peer = conns[(i + half) % opt.connections];
        conns[i]->tube = (unsigned)(i % half);
        join_tube(conns[i]);
    }
}

static struct conn **open_conns(void) {
    struct conn **conns = allocate(sizeof *conns * (size_t)opt.connections);
    for (int i = 0; i < opt.connections; i++) {
        conns[i] = open_conn(role_of(i), opt.depth);
        conns[i]->tube = (unsigned)((long)i * opt.tubes / opt.connections);
    }
    if (mode_is("wake")) pair_up(conns);
    for (int i = 0; i < opt.connections; i++) poll_conn(conns[i]);
    return conns;
}

static uint64_t loops_allowed(void) {
    int per_loop = mode_is("cycle") ? 3 : mode_is("take") ? 2 : 1;
    if (mode_is("take") && (!opt.ops || opt.ops / 2 > opt.fill)) return (uint64_t)opt.fill;
    if (opt.ops) return (uint64_t)(opt.ops / per_loop);
    return UINT64_MAX;
}

static void report(const struct span *s, bool ended) {
    double seconds = (double)(s->end - s->start) / 1e9;
    double counted = (double)s->ops;
    printf("{\"mode\": \"%s\", \"connections\": %d, \"depth\": %d, \"body\": %zu, "
           "\"tubes\": %d, \"fill\": %ld, \"waiters\": %d, \"idle\": %d, ",
           opt.mode, opt.connections, opt.depth, opt.body, opt.tubes, opt.fill,
           opt.waiters, opt.idle);
    printf("\"ops\": %.0f, \"seconds\": %.6f, \"ops_per_s\": %.1f, ", counted, seconds,
           counted / seconds);
    printf("\"samples\": %llu, \"p50_us\": %.3f, \"p99_us\": %.3f, \"max_us\": %.3f, ",
           (unsigned long long)latency_count, percentile(0.5) / 1e3,
           percentile(0.99) / 1e3, (double)latency_max / 1e3);
    printf("\"own_cpu_s\": %.6f, ", (double)s->own_cpu / 1e9);
    if (opt.pid)
        printf("\"server_cpu_s\": %.6f, \"server_wait_s\": %.6f, "
               "\"server_us_per_op\": %.4f, ",
               (double)s->server.ran / 1e9, (double)s->server.waited / 1e9,
               (double)s->server.ran / 1e3 / counted);
    printf("\"ended_early\": %s}\n", ended ? "true" : "false");
}

/* ---- flags ---- */

static const char USAGE[] =
    "usage: load --port PORT [options]       prints one JSON object\n"
    "  --mode MODE        put    put only\n"
    "                     take   reserve + delete of the jobs of --fill, until they end\n"
    "                     cycle  put, reserve, delete on each connection\n"
    "                     mixed  half put, half reserve + delete\n"
    "                     wake   put to a waiting worker: --connections workers and as\n"
    "                            many producers; latency from put to arrival\n"
    "                     echo   send puts to an echo server\n"
    "  --connections N    (1)            --depth N      loops at once on each (1)\n"
    "  --body BYTES       (16)           --tubes N      hop over N tubes (1)\n"
    "  --warmup S         (0.2)          --seconds S    (1.0)\n"
    "  --ops N            stop after N operations even if there is time left\n"
    "  --fill N           put N jobs before (over all tubes)\n"
    "  --fill-delay S     ... delayed by S to 2 S seconds\n"
    "  --random-pri       random priorities, in the filling and in the run\n"
    "  --waiters N        N connections blocked in a reserve of another tube\n"
    "  --idle N           N connections that do nothing\n"
    "  --pid PID          also report the processor time of this server\n"
    "  --redis            mode wake with LPUSH and BLPOP\n"
    "example: load --port 11300 --mode cycle --connections 10 --fill 1000000 "
    "--random-pri\n";

enum flag { HELP = 1, PORT, MODE, CONNECTIONS, DEPTH, BODY, TUBES, WARMUP, SECONDS, OPS,
            FILL, FILL_DELAY, RANDOM_PRI, WAITERS, IDLE, PID, REDIS };

static const struct option FLAGS[] = {
    {"help", 0, 0, HELP},         {"port", 1, 0, PORT},
    {"mode", 1, 0, MODE},         {"connections", 1, 0, CONNECTIONS},
    {"depth", 1, 0, DEPTH},       {"body", 1, 0, BODY},
    {"tubes", 1, 0, TUBES},       {"warmup", 1, 0, WARMUP},
    {"seconds", 1, 0, SECONDS},   {"ops", 1, 0, OPS},
    {"fill", 1, 0, FILL},         {"fill-delay", 1, 0, FILL_DELAY},
    {"waiters", 1, 0, WAITERS},   {"random-pri", 0, 0, RANDOM_PRI},
    {"idle", 1, 0, IDLE},         {"pid", 1, 0, PID},
    {"redis", 0, 0, REDIS},       {0, 0, 0, 0}};

static double decimal(const char *text, double low, double high) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value >= low && value <= high))
        die("\"%s\" is not a number from %g to %g", text, low, high);
    return value;
}

static long whole(const char *text, long low, long high) {
    return (long)decimal(text, (double)low, (double)high);
}

static void set_flag(enum flag flag, const char *text) {
    switch (flag) {
    case HELP: fputs(USAGE, stdout); exit(0);
    case PORT: opt.port = (int)whole(text, 1, 65535); break;
    case MODE: opt.mode = text; break;
    case CONNECTIONS: opt.connections = (int)whole(text, 1, 1000000); break;
    case DEPTH: opt.depth = (int)whole(text, 1, 100000); break;
    case BODY: opt.body = (size_t)whole(text, 0, 1 << 30); break;
    case TUBES: opt.tubes = (int)whole(text, 1, 100000000); break;
    case WARMUP: opt.warmup = decimal(text, 0, 3600); break;
    case SECONDS: opt.seconds = decimal(text, 0, 86400); break;
    case OPS: opt.ops = whole(text, 1, 1L << 50); break;
    case FILL: opt.fill = whole(text, 0, 1L << 40); break;
    case FILL_DELAY: opt.fill_delay = whole(text, 0, 1L << 30); break;
    case RANDOM_PRI: opt.random_pri = true; break;
    case WAITERS: opt.waiters = (int)whole(text, 0, 1000000); break;
    case IDLE: opt.idle = (int)whole(text, 0, 1000000); break;
    case PID: opt.pid = (int)whole(text, 1, 1L << 30); break;
    case REDIS: opt.redis = true; break;
    }
}

static void check_flags(void) {
    static const char *const modes[] = {"put", "take", "cycle", "mixed", "wake", "echo"};
    bool known = false;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) known |= mode_is(modes[i]);
    if (!known) die("unknown mode \"%s\"", opt.mode);
    if (!opt.port) die("--port is missing");
    if (mode_is("take") && !opt.fill) die("mode take needs --fill");
    if (opt.tubes > 1 && !mode_is("cycle") && !mode_is("put"))
        die("--tubes is for the modes cycle and put");
    if (opt.depth > 1 && (mode_is("wake") || (mode_is("cycle") && opt.tubes > 1)))
        die("this scenario has one loop at a time on each connection");
    if (opt.ops && (mode_is("wake") || mode_is("mixed")))
        die("--ops is for the modes put, take, cycle and echo");
    if (opt.redis && !mode_is("wake")) die("--redis is for the mode wake");
    if (mode_is("echo") && (opt.random_pri || opt.fill || opt.waiters || opt.idle))
        die("an echo server has no jobs");
    if (mode_is("mixed") && opt.connections < 2) die("mode mixed needs 2 connections");
}

static void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit)) die("getrlimit: %s", strerror(errno));
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit)) die("setrlimit: %s", strerror(errno));
}

int main(int argc, char **argv) {
    struct span span;
    int flag;
    while ((flag = getopt_long(argc, argv, "h", FLAGS, NULL)) != -1) {
        if (flag == '?') return 2;
        set_flag(flag == 'h' ? HELP : (enum flag)flag, optarg);
    }
    if (optind < argc) die("unexpected argument \"%s\"", argv[optind]);
    check_flags();
    if (mode_is("wake")) opt.connections *= 2;
    raise_descriptor_limit();
    build_put_command();
    poller = epoll_create1(EPOLL_CLOEXEC);
    open_idle();
    fill_store();
    loops_left = UINT64_MAX;
    struct conn **conns = open_conns();
    loops_left = loops_allowed();
    bool ended = run_loops(conns, &span);
    check_idle();
    finish_loops();
    report(&span, ended);
    return 0;
}
