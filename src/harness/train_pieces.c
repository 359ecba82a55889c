#include "harness/train_internal.h"

#include "base/clock.h"
#include "model/team.h"

/* The parent may take threads away or give more at any time: results do not depend on their number. */
int train_threads(const struct trainer *tr)
{
    const struct train_options *o = tr->o;
    int now = o->threads_now ? *o->threads_now : o->threads;
    return now < o->threads ? now : o->threads;
}

/* Before and after a piece of work, a step or some sequences of an evaluation, in tokens of training: with as many
 * threads as pay. Returns when it began, then the core-seconds that it took. */
double train_begin_piece(struct trainer *tr)
{
    double now = clock_now_s();
    int threads = pace_begin(&tr->pace, train_threads(tr), now);
    members_threads(&tr->e, threads);
    members_threads(&tr->teachers, threads);
    return now;
}

double train_end_piece(struct trainer *tr, double began, double tokens)
{
    double now = clock_now_s();
    pace_end(&tr->pace, tokens, now);
    return (now - began) * tr->e.g->ops.threads;
}

struct stretch {
    const struct trainer *tr;
    train_piece_fn *piece;
    void *ctx;
    enum status st;
    bool more, inner; /* inner: within the piece of another stretch, whose team it cannot change */
    int asked;        /* threads that this team was made for: the system may have given fewer, and will again */
    struct err *err;
};

static void work_on(void *ctx)
{
    struct stretch *s = ctx;
    while (s->st == OK && s->more && (s->inner || train_threads(s->tr) <= s->asked))
        s->st = s->piece(s->ctx, &s->more, s->err);
}

/* All pieces, by a team that grows when more threads are granted. */
enum status train_in_pieces(const struct trainer *tr, train_piece_fn *piece, void *ctx, struct err *err)
{
    struct stretch s = {.tr = tr, .piece = piece, .ctx = ctx, .st = OK, .more = true, .err = err};
    s.inner = team_size() > 1;
    while (s.st == OK && s.more) {
        s.asked = train_threads(tr);
        team_run(s.asked, work_on, &s);
    }
    return s.st;
}
