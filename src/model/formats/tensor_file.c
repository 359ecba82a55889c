#include "model/formats/tensor_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    size_t bytes;
} types[STORED_N_TYPES] = {
#define X(name, bytes) {#name, bytes},
    STORED_TYPES(X)
#undef X
};

const char *stored_type_name(enum stored_type type)
{
    return types[type].name;
}

size_t stored_type_bytes(enum stored_type type)
{
    return types[type].bytes;
}

bool stored_has_floats(const struct stored *s)
{
    return s->type <= STORED_F64;
}

const char *stored_dims(char *buf, size_t size, const struct stored *s)
{
    size_t at = (size_t)snprintf(buf, size, "[");
    for (size_t i = 0; i < s->n_dims && at < size; i++)
        at += (size_t)snprintf(buf + at, size - at, "%s%zu", i ? ", " : "", s->dims[i]);
    if (at < size)
        snprintf(buf + at, size - at, "]");
    return buf;
}

void tensor_file_close(struct tensor_file *f)
{
    file_map_close(&f->map);
    free(f->list);
    free(f->names);
    *f = (struct tensor_file){0};
}

const struct stored *tensor_file_find(const struct tensor_file *f, const char *name)
{
    size_t low = 0, high = f->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = strcmp(f->list[mid].name, name);
        if (order == 0)
            return &f->list[mid];
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

/* The bits of a half: a sign, five of the exponent, ten after the point (IEEE 754-2008). */
static float from_half(uint16_t h)
{
    int e = h >> 10 & 31, m = h & 1023;
    float v = e == 31 ? (m ? NAN : INFINITY) : e == 0 ? ldexpf((float)m, -24) : ldexpf((float)(1024 + m), e - 25);
    return h >> 15 ? -v : v;
}

/* The upper half of a float. */
static float from_bfloat(uint16_t b)
{
    uint32_t bits = (uint32_t)b << 16;
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

void tensor_file_floats(float *out, const struct tensor_file *f, const struct stored *s, size_t i, size_t n)
{
    size_t bytes = types[s->type].bytes;
    const unsigned char *at = f->data + s->begin + i * bytes;
    if (s->type == STORED_F32) {
        memcpy(out, at, n * sizeof *out);
        return;
    }
    for (size_t j = 0; j < n; j++, at += bytes) {
        uint16_t half;
        double wide;
        if (s->type == STORED_F64) {
            memcpy(&wide, at, sizeof wide);
            out[j] = (float)wide;
            continue;
        }
        memcpy(&half, at, sizeof half);
        out[j] = s->type == STORED_F16 ? from_half(half) : from_bfloat(half);
    }
}
