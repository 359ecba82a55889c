#include "harness/child.h"
#include "base/system.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* One message down a child's pipe; far below PIPE_BUF, so it arrives whole. Progress comes without the text. */
enum message_kind { MESSAGE_PROGRESS, MESSAGE_WORD, MESSAGE_WARNING, MESSAGE_FAILED };

struct message {
    struct train_progress progress;
    enum message_kind kind;
    struct err err; /* the reason of a failure; the text of a word or a warning */
};

/* ---- in the child ---- */

static volatile sig_atomic_t child_stop;

static void on_child_signal(int sig)
{
    (void)sig;
    child_stop = 1;
}

static void send_progress(void *ctx, const struct train_progress *p)
{
    const int *fd = ctx;
    struct message m = {.progress = *p};
    /* The parent is gone: save and stop, so that nothing runs on unseen. */
    if (write(*fd, &m, offsetof(struct message, err)) < 0 && errno == EPIPE)
        child_stop = 1;
}

static void send_text(int fd, enum message_kind kind, const struct err *err)
{
    struct message m = {.kind = kind, .err = *err};
    ssize_t n = write(fd, &m, sizeof m);
    (void)n; /* of a failure the exit code tells as much */
}

static void send_word(void *ctx, enum log_level level, const char *text)
{
    const int *fd = ctx;
    struct err word = {.code = OK};
    snprintf(word.msg, sizeof word.msg, "%s", text);
    send_text(*fd, level == LOG_INFO ? MESSAGE_WORD : MESSAGE_WARNING, &word);
}

/* Signals wait while a child is made: it has handlers of its own before one can reach it. */
static void hold_signals(sigset_t *before)
{
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    sigaddset(&held, SIGTERM);
    sigaddset(&held, SIGUSR1);
    sigprocmask(SIG_BLOCK, &held, before);
}

_Noreturn static void child_main(const struct child_task *task, int fd, pid_t parent, const sigset_t *signals)
{
    struct sigaction sa = {.sa_handler = on_child_signal};
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGUSR1, &sa, NULL); /* schedulers send it to every process of a task */
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_SETMASK, signals, NULL);
    if (!system_end_with(parent))
        child_stop = 1;
    system_work();
    struct train_options to = {.isa = task->isa,
                               .threads = task->jobs,
                               .threads_now = task->threads,
                               .runs_now = task->runs,
                               .tensorboard = task->tensorboard,
                               .home = task->home,
                               .stop = &child_stop,
                               .progress = send_progress,
                               .progress_ctx = &fd,
                               .log = {.fn = send_word, .ctx = &fd}};
    struct err err = {0};
    enum status st = train_trajectory(task->plan, &task->plan->trajectories[task->trajectory], task->data, task->dir,
                                      &to, &err);
    if (st != OK && st != E_INTERRUPTED) {
        err.code = st;
        send_text(fd, MESSAGE_FAILED, &err);
    }
    _exit(status_exit_code(st));
}

/* ---- in the parent ---- */

enum status child_start(struct child *c, const struct child_task *task, struct err *err)
{
    int fd[2];
    pid_t parent = getpid();
    sigset_t before;
    if (pipe(fd) != 0)
        return err_set(err, E_IO, "cannot start a run: %s", strerror(errno));
    hold_signals(&before);
    pid_t pid = fork();
    if (pid == 0) {
        close(fd[0]);
        child_main(task, fd[1], parent, &before);
    }
    int e = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(fd[1]);
    if (pid < 0) {
        close(fd[0]);
        return err_set(err, E_IO, "cannot start a run: %s", strerror(e));
    }
    *c = (struct child){.pid = pid, .fd = fd[0], .trajectory = task->trajectory,
                        .last = {.run = task->plan->trajectories[task->trajectory].first, .loss = (double)NAN}};
    return OK;
}

/* Messages of two lengths: progress alone, or with a text after it. Returns false at end of file. */
bool child_read(struct child *c, const struct log *log)
{
    struct message m;
    const size_t head = offsetof(struct message, err);
    ssize_t n = read(c->fd, &m, head);
    if (n < (ssize_t)head)
        return n < 0 && errno == EINTR;
    if (m.kind == MESSAGE_PROGRESS) {
        c->last = m.progress;
        return true;
    }
    n = read(c->fd, &m.err, sizeof m.err);
    if (n != (ssize_t)sizeof m.err)
        return true;
    if (m.kind == MESSAGE_FAILED)
        c->err = m.err;
    else
        log_msg(log, m.kind == MESSAGE_WORD ? LOG_INFO : LOG_WARN, "%s", m.err.msg);
    return true;
}

static void describe_death(struct err *err, int wait_status)
{
    if (WIFSIGNALED(wait_status))
        err_set(err, E_RUN, "its process was killed by signal %d (%s%s)", WTERMSIG(wait_status),
                strsignal(WTERMSIG(wait_status)),
                WTERMSIG(wait_status) == SIGKILL ? ": by hand, or by the system for want of memory" : "");
    else
        err_set(err, E_RUN, "its process ended with code %d", WEXITSTATUS(wait_status));
}

enum child_end child_reap(struct child *c)
{
    int ws = 0;
    close(c->fd);
    while (waitpid(c->pid, &ws, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(ws) && WEXITSTATUS(ws) == 0)
        return CHILD_WHOLE;
    if (WIFEXITED(ws) && WEXITSTATUS(ws) == 130)
        return CHILD_STOPPED;
    if (c->err.msg[0] == '\0')
        describe_death(&c->err, ws);
    return CHILD_FAILED;
}
