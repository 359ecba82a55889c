#include "operands.h"
#include "test.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define OPERANDS_MAX 64
#define FILL 0xA5

static struct operand {
    unsigned char *map, *data;
    size_t map_bytes, data_bytes, page;
    double *wide;
} operands[OPERANDS_MAX];
static size_t n_operands;
enum side side;

struct kern kern;
char where[128];

void *operand_bytes(size_t bytes)
{
    CHECK(n_operands < OPERANDS_MAX);
    size_t page = (size_t)sysconf(_SC_PAGESIZE), inner = (bytes + page - 1) / page * page;
    struct operand *o = &operands[n_operands++];
    o->page = page;
    o->data_bytes = bytes;
    o->map_bytes = inner + 2 * page;
    o->map = mmap(NULL, o->map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(o->map != MAP_FAILED);
    memset(o->map, FILL, o->map_bytes);
    CHECK(mprotect(o->map, page, PROT_NONE) == 0);
    CHECK(mprotect(o->map + page + inner, page, PROT_NONE) == 0);
    o->data = o->map + page + (side == AT_END ? inner - bytes : 0);
    o->wide = calloc(bytes / sizeof(float) + 1, sizeof(double));
    CHECK(o->wide);
    return o->data;
}

float *operand(size_t n, double by)
{
    float *p = operand_bytes(n * sizeof *p);
    for (size_t i = 0; i < n; i++)
        p[i] = (float)(by * (2 * rng_double(test_rng()) - 1));
    return p;
}

double *wide(const float *p)
{
    for (size_t i = 0; i < n_operands; i++)
        if (operands[i].data == (const unsigned char *)p) {
            for (size_t j = 0; j < operands[i].data_bytes / sizeof(float); j++)
                operands[i].wide[j] = (double)p[j];
            return operands[i].wide;
        }
    CHECK(false); /* not an operand of this test */
    return NULL;
}

double *doubles(size_t n)
{
    float *p = operand_bytes(n * sizeof(float));
    memset(p, 0, n * sizeof *p);
    return wide(p);
}

void release(const char *what)
{
    for (size_t i = 0; i < n_operands; i++) {
        struct operand *o = &operands[i];
        bool clean = true;
        for (unsigned char *b = o->map + o->page; b < o->map + o->map_bytes - o->page; b++)
            if ((b < o->data || b >= o->data + o->data_bytes) && *b != FILL)
                clean = false;
        EXPECT_MSG(clean, "%s wrote beside operand %zu", what, i);
        munmap(o->map, o->map_bytes);
        free(o->wide);
    }
    n_operands = 0;
}

void near(const char *name, size_t i, double got, double want, double roundings, double terms)
{
    double tol = roundings * (double)FLT_EPSILON * terms + (double)FLT_MIN;
    EXPECT_MSG(fabs(got - want) <= tol, "%s %s: %s[%zu] = %.9g, expected %.9g within %.3g",
               kern_isa_name(kern.isa), where, name, i, got, want, tol);
}

void each_level(void (*fn)(void))
{
    for (int isa = KERN_REF; isa < KERN_ISA_COUNT; isa++) {
        if (kern_isa_for((enum kern_isa)isa, KERN_FP32) != (enum kern_isa)isa)
            continue; /* another level's kernels but for bf16 */
        kern_init(&kern, (enum kern_isa)isa);
        if ((int)kern.isa != isa) {
            printf("    level %s: not on this machine or not built\n", kern_isa_name((enum kern_isa)isa));
            continue;
        }
        for (int s = 0; s < SIDES && !test_failed(); s++) {
            side = (enum side)s;
            fn();
        }
    }
}
