#include "cli/live_build.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/system.h"
#include "cli/fitted.h"
#include "cli/page_input.h"
#include "fit/verdict/predict.h"
#include "harness/sweep.h"
#include "report/page/live.h"

/* On a core that it shares with a process that trains 19 would take 1.4 %, and half a second of fitting last half a minute; 10
 * takes a tenth. What it may take in all is bounded anyway. */
enum { NICE = 10 };
enum { BYTES_MAX = 1 << 26, RESAMPLES = 100, CPU_MAX_S = 600 };

/* What goes before the page's bytes: the law's predictions of the plan's runs, n of them. */
struct head {
    char word[8];
    size_t n;
};
static const char head_word[8] = "plateau";

/* ---- in the child ---- */

static struct fit_value law_of(const struct fit_report *r, const struct run *run)
{
    const double sizes[FIT_N_COUNTS] = {run->params, run->params_nonembd, run->params_matmul};
    double n = sizes[r->count], d = run->cfg.train.tokens, unique = run->epochs > 1 ? d / run->epochs : d;
    const struct fit_run_noise noise = fit_run_noise_at(r, n, d);
    return fit_new_run(fit_curve(r, n, d, unique), &noise);
}

static void write_law(FILE *out, const struct watch *w, const struct fit_report *r)
{
    struct head h = {.n = w->folder.plan.n};
    memcpy(h.word, head_word, sizeof h.word);
    fwrite(&h, sizeof h, 1, out);
    for (size_t i = 0; i < w->folder.plan.n; i++) {
        struct fit_value v = {(double)NAN, (double)NAN, (double)NAN, (double)NAN};
        if (r && fit_report_selected(r) && r->frontier.holds)
            v = law_of(r, w->folder.plan.runs + i);
        fwrite(&v, sizeof v, 1, out);
    }
}

static enum status write_page(FILE *out, struct page_input *in, const struct watch *w, struct err *err)
{
    in->page.live_script = live_script();
    in->page.live_head = live_head;
    in->page.n_planned = w->folder.plan.n;
    return page_write(out, &in->page, err);
}

static enum status page_of_fit(FILE *out, struct fitted *f, const struct watch *w, bool whole, struct err *err)
{
    struct page_input in;
    char dir[FILE_PATH_MAX], *argv[] = {dir};
    struct arg_list sources;
    bool help;
    const struct args_spec spec = {.command = "serve", .positionals = "DIR", .min_positionals = 1, .max_positionals = 1};
    snprintf(dir, sizeof dir, "%s", w->dir);
    TRY(fitted_parse(f, &sources, &help, &spec, 1, argv, err));
    TRY(fitted_read(f, err));
    if (!whole) {
        f->opt.bootstrap = f->opt.bootstrap < RESAMPLES ? f->opt.bootstrap : RESAMPLES;
        f->opt.break_sims = 0;
    }
    TRY(fitted_analyse(f, err));
    write_law(out, w, &f->report);
    enum status st = page_input_make(&in, f, err);
    if (st == OK)
        st = write_page(out, &in, w, err);
    page_input_free(&in);
    return st;
}

/* Where nothing can be fitted yet. */
static enum status page_of_nothing(FILE *out, const struct watch *w, struct err *err)
{
    struct page_input in;
    write_law(out, w, NULL);
    enum status st = page_input_of_folder(&in, w->dir, err);
    if (st == OK)
        st = write_page(out, &in, w, err);
    page_input_free(&in);
    return st;
}

/* Of a folder with links in it, which may lead anywhere: what lies behind them is not ours to show. */
static enum status page_of_links(FILE *out, const struct watch *w, struct err *err)
{
    struct page_input in = {.page = {.version = PLATEAU_VERSION, .name = "a folder with links"}};
    write_law(out, w, NULL);
    return write_page(out, &in, w, err);
}

static bool is_link(const char *dir, const char *name)
{
    char path[FILE_PATH_MAX];
    struct stat sb;
    return file_join(path, sizeof path, dir, name, NULL) == OK && lstat(path, &sb) == 0 && S_ISLNK(sb.st_mode);
}

static bool has_links(const char *dir)
{
    static const char *const files[] = {"config.json", "log.jsonl", "result.json"};
    struct file_list list;
    char run[FILE_PATH_MAX];
    bool found = false;
    if (!file_is_dir(dir) || file_list_dir(&list, dir, NULL) != OK)
        return false;
    for (size_t i = 0; i < list.n && !found; i++) {
        found = is_link(dir, list.names[i]);
        for (size_t k = 0; k < 3 && !found && file_join(run, sizeof run, dir, list.names[i], NULL) == OK; k++)
            found = is_link(run, files[k]);
    }
    file_list_free(&list);
    return found;
}

/* Nothing of it may be seen or heard, and it ends whatever happens. */
static void withdraw(bool whole)
{
    const struct rlimit cpu = {CPU_MAX_S, CPU_MAX_S};
    int nowhere = open("/dev/null", O_RDWR);
    for (int fd = 0; fd <= 2 && nowhere >= 0; fd++)
        dup2(nowhere, fd);
    setrlimit(RLIMIT_CPU, &cpu);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_IGN);
    if (!whole)
        setpriority(PRIO_PROCESS, 0, NICE);
}

enum source { OF_FIT, OF_NOTHING, OF_LINKS };

/* The whole message in memory, so that one that fails in the middle leaves nothing; NULL where it does. */
static char *compose(size_t *n, enum source from, const struct watch *w, bool whole)
{
    struct err err;
    char *text = NULL;
    FILE *out = open_memstream(&text, n);
    struct fitted f;
    enum status st = E_NOMEM;
    fitted_init(&f);
    if (out)
        st = from == OF_FIT ? page_of_fit(out, &f, w, whole, &err) : from == OF_NOTHING ? page_of_nothing(out, w, &err)
                                                                                       : page_of_links(out, w, &err);
    fitted_close(&f);
    if (out && fclose(out) == 0 && st == OK)
        return text;
    free(text);
    return NULL;
}

_Noreturn static void build(int fd, const struct watch *w, bool whole)
{
    char path[FILE_PATH_MAX], *text = NULL;
    size_t n = 0;
    withdraw(whole);
    bool links = has_links(w->dir);
    if (!links && w->n_done > 0 && file_join(path, sizeof path, w->dir, "results.csv", NULL) == OK && file_exists(path))
        text = compose(&n, OF_FIT, w, whole);
    if (!text)
        text = compose(&n, links ? OF_LINKS : OF_NOTHING, w, whole);
    for (size_t at = 0; text && at < n;) {
        ssize_t m = write(fd, text + at, n - at);
        if (m <= 0)
            _exit(1);
        at += (size_t)m;
    }
    _exit(text ? 0 : 1);
}

/* ---- in the server ---- */

bool live_build_begin(struct live_build *b, const struct watch *w, struct server *server, bool whole)
{
    int fd[2];
    if (pipe(fd) != 0)
        return false;
    pid_t pid = fork();
    if (pid == 0) {
        close(fd[0]);
        server_close(server);
        build(fd[1], w, whole);
    }
    close(fd[1]);
    if (pid < 0 || fcntl(fd[0], F_SETFL, O_NONBLOCK) != 0) {
        close(fd[0]);
        return false;
    }
    b->pid = pid;
    b->fd = fd[0];
    b->n = 0;
    b->whole = whole;
    b->version = w->version;
    b->done = w->n_done;
    return true;
}

static bool take_bytes(struct live_build *b, bool *end)
{
    *end = false;
    for (;;) {
        if (b->n + (1 << 16) > b->room) {
            size_t room = 2 * b->room + (1 << 18);
            char *p = room <= BYTES_MAX ? realloc(b->bytes, room) : NULL;
            if (!p)
                return false;
            b->bytes = p;
            b->room = room;
        }
        ssize_t n = read(b->fd, b->bytes + b->n, b->room - b->n);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        *end = n == 0;
        if (n == 0)
            return true;
        b->n += (size_t)n;
    }
}

static double seconds_of(const struct rusage *r)
{
    return (double)(r->ru_utime.tv_sec + r->ru_stime.tv_sec) + 1e-6 * (double)(r->ru_utime.tv_usec + r->ru_stime.tv_usec);
}

/* Wait for one that has closed its pipe, or that is stopped. */
static bool reap(struct live_build *b, bool stop)
{
    struct rusage before, after;
    int ws = 0;
    if (stop)
        kill(b->pid, SIGKILL);
    getrusage(RUSAGE_CHILDREN, &before);
    while (waitpid(b->pid, &ws, 0) < 0 && errno == EINTR)
        continue;
    getrusage(RUSAGE_CHILDREN, &after);
    close(b->fd);
    b->pid = 0;
    double used = seconds_of(&after) - seconds_of(&before);
    b->cpu_s += used;
    b->next_s = clock_now_s() + used / (LIVE_BUILD_SHARE * (double)system_cores_all());
    b->built++;
    return WIFEXITED(ws) && WEXITSTATUS(ws) == 0;
}

enum live_build_end live_build_read(struct live_build *b, struct watch *w, const char **page, size_t *n)
{
    struct head h;
    bool end, good = take_bytes(b, &end);
    if (good && !end)
        return LIVE_BUILD_AT_WORK;
    good = reap(b, !good) && good && b->n >= sizeof h;
    if (!good)
        return LIVE_BUILD_FAILED;
    memcpy(&h, b->bytes, sizeof h);
    size_t law = h.n <= b->n / sizeof(struct fit_value) ? sizeof h + h.n * sizeof(struct fit_value) : b->n + 1;
    if (memcmp(h.word, head_word, sizeof h.word) != 0 || law > b->n)
        return LIVE_BUILD_FAILED;
    for (size_t i = 0; h.n == w->folder.plan.n && i < h.n; i++)
        memcpy(&w->runs[i].law, b->bytes + sizeof h + i * sizeof(struct fit_value), sizeof(struct fit_value));
    *page = b->bytes + law;
    *n = b->n - law;
    return LIVE_BUILD_DONE;
}

void live_build_stop(struct live_build *b)
{
    if (b->pid)
        reap(b, true);
}

void live_build_free(struct live_build *b)
{
    live_build_stop(b);
    free(b->bytes);
    b->bytes = NULL;
}
