#include "harness/batch.h"

#include <math.h>
#include <stdbool.h>

/* Budgets are shares and quotients: one that misses a whole number of steps by rounding has it all the same. */
static const double SLACK = 1e-9;

/* Steps of one size, from `tokens` seen on. */
struct stretch {
    double tokens, size, steps; /* steps INFINITY: for good */
};

static double size_at(const struct batch *b, double tokens)
{
    double grown = floor((b->full - b->from) / b->window * tokens / b->ramp);
    return b->from + b->window * grown;
}

/* The stretch that begins there. Its end is where one window more fits; rounding may cut it in two. */
static struct stretch stretch_at(const struct batch *b, double tokens)
{
    if (!(tokens < b->ramp))
        return (struct stretch){tokens, b->full, (double)INFINITY};
    double size = size_at(b, tokens);
    double end = fmin(b->ramp, b->ramp * (size + b->window - b->from) / (b->full - b->from));
    return (struct stretch){tokens, size, fmax(1, ceil((end - tokens) / size))};
}

static void advance(struct stretch *s, const struct batch *b)
{
    *s = stretch_at(b, s->tokens + s->size * s->steps);
}

/* The stretch that step number `steps` is in, and how many of its steps come before that one. */
static struct stretch find(const struct batch *b, int64_t steps, double *before)
{
    struct stretch s = stretch_at(b, 0);
    for (*before = (double)steps; *before >= s.steps; advance(&s, b))
        *before -= s.steps;
    return s;
}

double batch_of_step(const struct batch *b, int64_t steps)
{
    double before;
    return find(b, steps, &before).size;
}

double batch_tokens(const struct batch *b, int64_t steps)
{
    double before;
    struct stretch s = find(b, steps, &before);
    return s.tokens + before * s.size;
}

int64_t batch_steps(const struct batch *b, double tokens)
{
    struct stretch s = stretch_at(b, 0);
    double done = 0;
    for (; s.tokens + s.steps * s.size <= tokens; advance(&s, b))
        done += s.steps;
    return (int64_t)(done + floor((tokens - s.tokens) / s.size + SLACK));
}

double batch_round(const struct batch *b, double tokens)
{
    int64_t steps = batch_steps(b, tokens);
    double below = batch_tokens(b, steps), above = batch_tokens(b, steps + 1);
    return steps < 1 || above - tokens <= tokens - below ? above : below;
}

double batch_floor(const struct batch *b, double tokens)
{
    int64_t steps = batch_steps(b, tokens);
    return batch_tokens(b, steps > 1 ? steps : 1);
}
