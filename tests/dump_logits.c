/* What tests/hf_export.py compares with transformers: logits of a run or a file of weights.
 *
 *     dump_logits PATH [N]
 *
 * Prints "T V", a line of N tokens (default: the context), and as float32 the logits (N,V) after each of them, as the loss sees
 * them. Members of an ensemble: the first. */
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "harness/weights.h"

int main(int argc, char **argv)
{
    struct weights w;
    struct err err;
    const struct weights_how how = {.isa = kern_isa_best(), .B = 1, .threads = 1};
    if (argc < 2 || weights_open(&w, argv[1], &how, &err) != OK) {
        fprintf(stderr, "%s\n", argc < 2 ? "usage: dump_logits PATH [N]" : err.msg);
        return 1;
    }
    struct gpt *g = w.e.g;
    size_t V = g->shape.V, n = argc > 2 ? (size_t)atol(argv[2]) : g->shape.T;
    int32_t *x = calloc(n, sizeof *x);
    float *logits = calloc(V, sizeof *logits);
    struct rng rng = rng_make(3, RNG_TEST, 0, 0);
    printf("%zu %zu\n", g->shape.T, V);
    for (size_t i = 0; i < n; i++)
        printf("%d ", (int)(x[i] = (int32_t)rng_below(&rng, V)));
    printf("\n");
    for (size_t i = 0; i < n; i++) {
        gpt_next_logits(g, logits, x, i + 1);
        fwrite(logits, sizeof *logits, V, stdout);
    }
    free(logits);
    free(x);
    weights_free(&w);
    return 0;
}
