/* What the folder of many workers costs: processes that claim, publish and hand back as workers do (harness/claim.h), by the very
 * code of workers, but train nothing. A trajectory is held for a while, and its runs are one small file each.
 *
 *   claims_load DIR WORKERS TRAJECTORIES RUNS HOLD_MS
 *
 * One line: operations on files a trajectory, by kind; how long a look for the next one took; whether each was trained once. */
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file_tree.h"
#include "base/size.h"
#include "base/system.h"
#include "harness/worker_internal.h"

/* Of all processes, in memory that they share. */
struct tally {
    struct claim_count count[1024];
    double choose_s[1024], longest_s[1024], cpu_s[1024];
    size_t trained[1024];
};

static struct config cfg;
static struct plan plan;
static struct data *data;
static volatile sig_atomic_t stop;

#define NEED(x)                                                                                                        \
    do {                                                                                                               \
        struct err err_ = {0};                                                                                         \
        if ((x) != OK) {                                                                                               \
            fprintf(stderr, "%s\n", err_.msg);                                                                         \
            _exit(1);                                                                                                  \
        }                                                                                                              \
    } while (0)

static const struct worker *sorting;

static int by_key(const void *a, const void *b)
{
    return strcmp(worker_key(sorting, *(const size_t *)a), worker_key(sorting, *(const size_t *)b));
}

static void hold(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* A run's folder with a result, and away with it. */
static void train(struct worker *w, size_t t)
{
    const struct trajectory *tr = &plan.trajectories[t];
    char folder[FILE_PATH_MAX], run[FILE_PATH_MAX], path[FILE_PATH_MAX];
    NEED(claim_folder(folder, &w->claims, worker_key(w, t), &err_));
    for (size_t i = tr->first; i < tr->first + tr->n; i++) {
        bool gone;
        NEED(file_join(run, sizeof run, folder, plan.runs[i].name, &err_));
        NEED(file_tree_mkdir(run, &err_));
        NEED(file_join(path, sizeof path, run, "result.json", &err_));
        int fd = open(path, O_WRONLY | O_CREAT, 0666);
        (void)!write(fd, "{}\n", 3);
        close(fd);
        NEED(claim_publish(&gone, folder, w->s->dir, plan.runs[i].name, &err_));
        if (gone)
            fprintf(stderr, "a claim was lost\n");
    }
    w->claims.count.makes += tr->n;
    w->claims.count.writes += tr->n;
    w->claims.count.moves += tr->n;
    NEED(claim_release(&w->claims, worker_key(w, t), false, &err_));
    w->knows[t] = WORKER_ENDED;
}

static void work(struct worker *w, struct tally *all, size_t me, long hold_ms)
{
    bool found;
    size_t t;
    while (!w->over) {
        double began = clock_now_s();
        NEED(worker_choose(&found, &t, w, &err_));
        double took = clock_now_s() - began;
        if (found) {
            all->choose_s[me] += took;
            all->longest_s[me] = fmax(all->longest_s[me], took);
            all->trained[me]++;
            worker_tick(w, true);
            hold(hold_ms);
            train(w, t);
        } else if (!w->over)
            hold(500);
        worker_tick(w, false);
    }
    all->count[me] = w->claims.count;
    all->cpu_s[me] = clock_cpu_s();
    claims_leave(&w->claims);
}

static void one(const char *dir, struct tally *all, size_t me, long hold_ms)
{
    static const struct worker_how how = {.shard = 0};
    static struct worker w;
    static struct sweep s;
    static struct sweep_outcome out;
    const struct sweep_options o = {.jobs = 1, .isa = KERN_REF, .stop = &stop, .worker = &how};
    size_t n = plan.n_trajectories;
    s = (struct sweep){.p = &plan, .d = data, .dir = dir, .o = &o, .c = &cfg, .out = &out, .worker = &w,
                       .memory_bytes = (double)INFINITY};
    w = (struct worker){.s = &s, .how = &how, .n_queue = n, .random = system_nonce()};
    w.beat = (struct heartbeat){.pid = (long)getpid(), .cores = 1, .every_s = WORKER_PATIENCE_S / HEARTBEAT_BEATS};
    NEED(claims_init(&w.claims, dir, &err_));
    NEED(claims_make(&w.claims, &err_));
    snprintf(w.beat.id, sizeof w.beat.id, "%s", w.claims.id);
    snprintf(w.beat.where, sizeof w.beat.where, "%s", w.claims.where);
    NEED(sweep_open(&s, &err_));
    NEED(size_calloc(&s.rows, plan.n, sizeof *s.rows, "results", &err_));
    NEED(size_calloc(&w.queue, n, sizeof *w.queue, "the schedule", &err_));
    NEED(size_calloc(&w.knows, n, sizeof *w.knows, "claims", &err_));
    NEED(size_calloc(&w.there, plan.n, sizeof *w.there, "results", &err_));
    NEED(size_calloc(&w.by_key, n, sizeof *w.by_key, "claims", &err_));
    for (size_t i = 0; i < n; i++)
        w.queue[i] = w.by_key[i] = i;
    sorting = &w;
    qsort(w.by_key, n, sizeof *w.by_key, by_key);
    worker_tick(&w, true);
    work(&w, all, me, hold_ms);
}

static void make_plan(size_t trajectories, size_t runs)
{
    char assignment[4096] = "grid.tokens=[", number[32];
    static const char *const sets[] = {"data.source=zipf-facts", "model.ctx=28",
                                      "train.warmup_tokens=280", "train.batch_tokens=280"};
    config_init(&cfg);
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        NEED(config_set(&cfg, sets[i], &err_));
    for (size_t i = 0; i < runs; i++) {
        snprintf(number, sizeof number, "%s%zu", i ? "," : "", 28000 * (i + 1));
        strcat(assignment, number);
    }
    NEED(config_set(&cfg, strcat(assignment, "]"), &err_));
    /* sizes by seeds: lists are of 64 at most */
    size_t seeds = trajectories < 60 ? trajectories : 60, sizes = (trajectories + seeds - 1) / seeds, varied = (sizes + 59) / 60;
    snprintf(assignment, sizeof assignment, "grid.seeds=[");
    for (size_t i = 0; i < seeds; i++) {
        snprintf(number, sizeof number, "%s%zu", i ? "," : "", i + 1);
        strcat(assignment, number);
    }
    NEED(config_set(&cfg, strcat(assignment, "]"), &err_));
    snprintf(assignment, sizeof assignment, "grid.models=[");
    for (size_t i = 0; i < (sizes < 60 ? sizes : 60); i++) {
        char model[64];
        snprintf(model, sizeof model, "%s{\"d_model\":%zu,\"n_layer\":1}", i ? "," : "", 8 * (i + 1));
        strcat(assignment, model);
    }
    NEED(config_set(&cfg, strcat(assignment, "]"), &err_));
    snprintf(assignment, sizeof assignment, "grid.vary={\"train.weight_decay\":[");
    for (size_t i = 0; i < varied; i++) {
        snprintf(number, sizeof number, "%s0.%zu", i ? "," : "", i + 10);
        strcat(assignment, number);
    }
    if (varied > 1)
        NEED(config_set(&cfg, strcat(assignment, "]}"), &err_));
    config_settle(&cfg);
    NEED(config_check(&cfg, &err_));
    NEED(config_open_data(&data, &cfg, &err_));
    NEED(plan_make(&plan, &cfg, data_vocab(data), data_train_tokens(data), &err_));
}

static void report(const struct tally *all, size_t workers, double seconds)
{
    struct claim_count sum = {0};
    size_t trained = 0, n = plan.n_trajectories;
    double choose = 0, longest = 0, cpu = 0;
    for (size_t i = 0; i < workers; i++) {
        const struct claim_count *c = &all->count[i];
        sum.moves += c->moves, sum.lists += c->lists, sum.reads += c->reads, sum.writes += c->writes;
        sum.makes += c->makes, sum.looks += c->looks;
        trained += all->trained[i], choose += all->choose_s[i], longest = fmax(longest, all->longest_s[i]);
        cpu += all->cpu_s[i];
    }
    double total = (double)(sum.moves + sum.lists + sum.reads + sum.writes + sum.makes + sum.looks), d = (double)n;
    const size_t kinds[] = {sum.moves, sum.lists, sum.reads, sum.writes, sum.makes, sum.looks};
    static const char *const names[] = {"moves", "lists", "reads", "writes", "folders made", "looks"};
    printf("%zu workers, %zu trajectories, %zu runs, %.1f s: a trajectory took %.1f operations (", workers, n, plan.n, seconds,
           total / d);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        printf("%s%.1f %s", k ? ", " : "", (double)kinds[k] / d, names[k]);
    printf("), %.0f us of a core each; choosing took %.1f ms, at most %.0f ms; trained %zu%s\n",
           1e6 * cpu / total, 1e3 * choose / (double)(trained ? trained : 1), 1e3 * longest, trained,
           trained == n ? ", each once" : ": NOT EACH ONCE");
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: claims_load DIR WORKERS TRAJECTORIES RUNS HOLD_MS\n");
        return 2;
    }
    size_t workers = (size_t)atol(argv[2]);
    long hold_ms = atol(argv[5]);
    struct tally *all = system_shared(sizeof *all);
    if (!all || workers < 1 || workers > 1024)
        return 2;
    make_plan((size_t)atol(argv[3]), (size_t)atol(argv[4]));
    NEED(file_mkdirs(argv[1], &err_));
    double began = clock_now_s();
    for (size_t i = 0; i < workers; i++)
        if (fork() == 0) {
            one(argv[1], all, i, hold_ms);
            _exit(0);
        }
    bool failed = false;
    for (size_t i = 0; i < workers; i++) {
        int ws;
        failed |= wait(&ws) < 0 || !WIFEXITED(ws) || WEXITSTATUS(ws) != 0;
    }
    size_t trained = 0;
    for (size_t i = 0; i < workers; i++)
        trained += all->trained[i];
    report(all, workers, clock_now_s() - began);
    return failed || trained != plan.n_trajectories;
}
