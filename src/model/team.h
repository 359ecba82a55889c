/* The threads that share the work of one process: the only place where the model uses OpenMP,
 * or POSIX threads in a build without it.
 *
 * An OpenMP region for every operation waits at its end for all of its threads, and the runtimes spin there for
 * milliseconds: beside another program, a thread that is not on a core then stops all the others, many times a
 * training step. Here one region spans a whole training run. Within it the first thread offers parts of an
 * operation to the others, does itself what nobody has begun by then, and waits only for parts that are under
 * way. Who waits spins for a moment and then sleeps, which leaves its core to whom it waits for. Which thread
 * does a part must not matter to the result. */
#ifndef PLATEAU_MODEL_TEAM_H
#define PLATEAU_MODEL_TEAM_H

enum { TEAM_MAX = 256 };

/* Call fn(ctx) on this thread while threads - 1 others stand by for team_parts. 1 <= threads <= TEAM_MAX; with 1
 * this is a plain call, and so it is inside another team's fn. */
typedef void team_fn(void *ctx);
void team_run(int threads, team_fn *fn, void *ctx);

/* Of the team that this thread leads; 1 where it leads none. */
int team_size(void);

/* Until *at, which a thread that is at work counts up, is `least` or more. */
void team_await(const _Atomic int *at, int least);

/* part(ctx, i, parts) for every i below `parts`, each exactly once; all are done on return, and what they wrote is
 * seen. parts <= TEAM_MAX; 1 or less is a plain call. The team may have fewer threads; outside of team_run one comes
 * together for this call. Within one thread, parts run in the order of i. No allocation. */
typedef void team_part_fn(void *ctx, int i, int parts);
void team_parts(team_part_fn *part, void *ctx, int parts);

#endif
