/* Files of weights: what is written is read back, what is damaged is refused with one clear reason, and no bytes whatever make the
 * readers touch what lies outside them.
 *
 *     test_weights [NAME]          the tests
 *     test_weights fuzz [ROUNDS]   the fuzzer alone, for as long as one likes; TEST_SEED picks another way */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/size.h"
#include "model/formats/hf.h"
#include "model/formats/llmc.h"
#include "model/formats/safetensors.h"
#include "model/formats/tensor_open.h"

#pragma GCC diagnostic ignored "-Woverride-init"

enum { BASE_C = 8, BASE_L = 2 };

static void make(struct gpt *g, const struct gpt_shape *s, const struct kern *k, enum param_kind kind)
{
    struct err err;
    struct param_rules rules = param_rules_make(kind, s->C, s->L, BASE_C, BASE_L);
    EXPECT_OK(gpt_init_forward(g, s, &rules, k, 1, 1, &err));
    gpt_init_weights(g, 7);
    for (size_t i = 0; i < g->tensors.n_flat; i++)
        g->w[i] += (float)(0.1 * rng_normal(test_rng()));
    gpt_pack(g);
}

/* Logits of one window by both: to rounding, which folded multipliers change. */
static void same_logits(struct gpt *a, struct gpt *b, const char *what)
{
    size_t T = a->shape.T, V = a->shape.V;
    int32_t *x;
    float *za, *zb;
    struct err err;
    EXPECT_OK(size_calloc(&x, T, sizeof *x, "x", &err));
    EXPECT_OK(size_calloc(&za, V, sizeof *za, "z", &err));
    EXPECT_OK(size_calloc(&zb, V, sizeof *zb, "z", &err));
    for (size_t t = 0; t < T; t++)
        x[t] = (int32_t)rng_below(test_rng(), V);
    for (size_t n = 1; n <= T && !test_failed(); n++) {
        gpt_next_logits(a, za, x, n);
        gpt_next_logits(b, zb, x, n);
        for (size_t v = 0; v < V; v++)
            EXPECT_MSG(fabsf(za[v] - zb[v]) <= 2e-5f * (1 + fabsf(za[v])), "%s: logit %zu after %zu tokens is %.8g, read back "
                       "%.8g", what, v, n, (double)za[v], (double)zb[v]);
    }
    free(x);
    free(za);
    free(zb);
}

#define LLAMA .norm = 1, .position = 1, .mlp = 3, .bias = 0, .tied = 0
#define OLMO3 LLAMA, .norm_place = NORM_AFTER, .qk_norm = 1, .qk_norm_all = 1
#define SMALL .V = 17, .T = 12, .C = 24, .L = 3, .NH = 3

static const struct {
    const char *name, *model; /* which architecture has it */
    struct gpt_shape shape;
} held[] = {
    {"GPT-2", "GPT2LMHeadModel", {GPT_2 SMALL}},
    {"odd sizes", "GPT2LMHeadModel", {GPT_2 .V = 7, .T = 5, .C = 9, .L = 1, .NH = 3}},
    {"no biases, gains", "GPT2LMHeadModel", {GPT_2 SMALL, .bias = 0, .norm_gain = 0, .norm_bias = 0}},
    {"waves", "GPT2LMHeadModel", {GPT_2 SMALL, .position = 4, .mlp = 2, .mlp_ratio = 1.3}},
    {"no places, grouped", "GPT2LMHeadModel", {GPT_2 SMALL, .position = 3, .n_kv_head = 1, .tied = 0}},
    {"llama", "LlamaForCausalLM", {GPT_2 SMALL, LLAMA}},
    {"llama, grouped, tied", "LlamaForCausalLM",
     {GPT_2 .V = 17, .T = 12, .C = 24, .L = 2, .NH = 6, LLAMA, .n_kv_head = 2, .tied = 1, .bias = 1}},
    {"olmo3", "Olmo3ForCausalLM", {GPT_2 SMALL, OLMO3, .window = 4, .window_full = 2}},
    {"olmo3 without gains", "Olmo3ForCausalLM", {GPT_2 SMALL, OLMO3, .norm_gain = 0, .mlp = 4}},
};

static enum status write_file(const char *path, const char *config, const struct gpt *g, bool llmc, struct err *err)
{
    const struct hf_arch *arch;
    TRY(hf_arch_for(&arch, &g->shape, NULL, err));
    FILE *out = fopen(path, "wb");
    CHECK(out);
    enum status st = llmc ? llmc_write(out, path, g, err) : hf_write_weights(out, path, arch, g, "test", err);
    fclose(out);
    if (config) {
        out = fopen(config, "wb");
        CHECK(out);
        hf_write_config(out, arch, g);
        fclose(out);
    }
    return st;
}

static void read_back(struct gpt *g, const char *path, const char *config, const char *what)
{
    struct tensor_file f;
    struct hf_model m;
    struct gpt back = {0};
    struct err err = {0};
    const struct param_rules rules = param_rules_make(PARAM_STANDARD, 1, 1, 1, 1);
    EXPECT_OK(tensor_open(&f, path, &err));
    EXPECT_OK(hf_read_model(&m, &f, config, &err));
    if (!test_failed())
        EXPECT_OK(gpt_init_forward(&back, &m.shape, &rules, g->k, 1, 1, &err));
    if (!test_failed())
        EXPECT_OK(hf_read_weights(&back, &m, &f, &err));
    if (!test_failed())
        same_logits(g, &back, what);
    if (test_failed())
        printf("    %s: %s\n", what, err.msg);
    gpt_free(&back);
    tensor_file_close(&f);
}

static void round_trips(void)
{
    char path[FILE_PATH_MAX], config[FILE_PATH_MAX], bin[FILE_PATH_MAX];
    struct kern k;
    struct err err;
    kern_init(&k, kern_isa_best());
    snprintf(path, sizeof path, "%s/a.safetensors", test_tmpdir());
    snprintf(config, sizeof config, "%s/config.json", test_tmpdir());
    snprintf(bin, sizeof bin, "%s/a.bin", test_tmpdir());
    for (size_t i = 0; i < sizeof held / sizeof *held && !test_failed(); i++)
        for (enum param_kind kind = PARAM_COMPLETEP; kind <= PARAM_STANDARD && !test_failed(); kind++) {
            const struct hf_arch *arch;
            struct gpt g;
            make(&g, &held[i].shape, &k, kind);
            EXPECT_OK(hf_arch_for(&arch, &g.shape, NULL, &err));
            EXPECT_MSG(strcmp(arch->model, held[i].model) == 0, "%s is a %s", held[i].name, arch->model);
            EXPECT_OK(write_file(path, config, &g, false, &err));
            read_back(&g, path, config, held[i].name);
            if (arch == &hf_gpt2 && g.shape.mlp == 0)
                read_back(&g, path, NULL, "without a config");
            if (llmc_check(&g.shape, &err) == OK) {
                EXPECT_OK(write_file(bin, NULL, &g, true, &err));
                read_back(&g, bin, NULL, "llm.c");
            }
            gpt_free(&g);
        }
}

static void refused(void)
{
    static const struct {
        const char *says;
        struct gpt_shape shape;
    } list[] = {
        {"GPT2LMHeadModel has no such model: it has no model.softcap=5", {GPT_2 SMALL, .softcap = 5}},
        {"model.position=alibi", {GPT_2 SMALL, .position = 2}},
        {"model.mlp=swiglu", {GPT_2 SMALL, .mlp = 3}},
        {"model.parallel=true", {GPT_2 SMALL, .parallel = 1}},
        {"model.qk_norm=true", {GPT_2 SMALL, .qk_norm = 1}},
        {"model.n_expert=4", {GPT_2 SMALL, .n_expert = 4}},
        {"model.window=4", {GPT_2 SMALL, .window = 4}},
        {"model.norm_place=both", {GPT_2 SMALL, .norm_place = NORM_BOTH}},
        {"model.gated_attention=true, model.value_residual=true, model.x0_residual=true",
         {GPT_2 SMALL, .gated_attention = 1, .value_residual = 1, .x0_residual = 1}},
        {"LlamaForCausalLM has no such model: it has no model.norm_embed=true", {GPT_2 SMALL, LLAMA, .norm_embed = 1}},
        {"LlamaForCausalLM has no such model: it has no heads of odd size", {GPT_2 .V = 7, .T = 5, .C = 9, .L = 1, .NH = 3, LLAMA}},
        {"Olmo3ForCausalLM has no such model: it has no model.bias=true", {GPT_2 SMALL, OLMO3, .bias = 1}},
    };
    const struct hf_arch *arch;
    struct err err;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        EXPECT_ERR(hf_arch_for(&arch, &list[i].shape, NULL, &err), E_CONFIG, list[i].says);
    EXPECT_ERR(llmc_check(&(struct gpt_shape){GPT_2 SMALL, .mlp_ratio = 2}, &err), E_CONFIG, "model.mlp_ratio=2");
    EXPECT_ERR(llmc_check(&(struct gpt_shape){GPT_2 SMALL, .tied = 0}, &err), E_CONFIG, "model.tied=false");
    EXPECT_ERR(llmc_check(&(struct gpt_shape){GPT_2 SMALL, .mlp = 1}, &err), E_CONFIG, "model.mlp");
    EXPECT_ERR(llmc_check(&(struct gpt_shape){GPT_2 SMALL, .norm = 1}, &err), E_CONFIG, "model.norm=rmsnorm");
}

/* --- headers by hand ---------------------------------------------------------------------------------------------------- */

/* f over a copy of these bytes that ends where they end. */
static enum status index_bytes(struct tensor_file *f, const unsigned char *bytes, size_t n, struct err *err)
{
    unsigned char *copy = malloc(n ? n : 1);
    CHECK(copy);
    memcpy(copy, bytes, n);
    *f = (struct tensor_file){.map = {copy, n}};
    *err = (struct err){0};
    return llmc_is_one(copy, n) ? llmc_index(f, err) : safetensors_index(f, err);
}

static void free_bytes(struct tensor_file *f)
{
    free((void *)f->map.bytes);
    f->map = (struct file_map){0};
    tensor_file_close(f);
}

static size_t assemble(unsigned char *out, uint64_t length, const char *head, size_t n_data)
{
    for (int i = 0; i < 8; i++)
        out[i] = (unsigned char)(length >> 8 * i);
    memcpy(out + 8, head, strlen(head));
    memset(out + 8 + strlen(head), 1, n_data);
    return 8 + strlen(head) + n_data;
}

#define A(offsets) "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":" offsets "}"

static void bad_headers(void)
{
    static const struct {
        const char *head;
        size_t n_data;
        const char *says; /* NULL: it is good */
    } list[] = {
        {"{" A("[0,8]") "}", 8, NULL},
        {" {" A("[0,8]") ",\"__metadata__\":{}}  ", 8, NULL},
        {"{\"\\u0061\\n\":{\"data_offsets\":[0,0],\"shape\":[0,3],\"dtype\":\"BF16\"}}", 0, NULL},
        {"{" A("[0,8]") "}", 7, "it is cut short"},
        {"{" A("[0,8]") "}", 9, "it is too long"},
        {"{" A("[8,0]") "}", 8, "lie outside"},
        {"{" A("[0,4]") "}", 4, "takes 8 bytes, its data_offsets span 4"},
        {"{" A("[0,18446744073709551616]") "}", 8, "a number beyond any file"},
        {"{" A("[0,9223372036854775808]") "}", 8, "lie outside"},
        {"{\"a\":{\"dtype\":\"F64\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,8]}}", 8, "is beyond any file"},
        {"{\"a\":{\"dtype\":\"F99\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "dtype F99 is not known"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}", 8, "']' expected"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, "a whole number from 0 on expected"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[02],\"data_offsets\":[0,8]}}", 8, "a whole number from 0 on expected"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,2],\"data_offsets\":[0,8]}}", 8, "more than 8 numbers"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}", 8, "data_offsets are two numbers"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "dtype, shape and data_offsets belong to it"},
        {"{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "has dtype twice"},
        {"{\"a\":{\"b\":{\"c\":{}},\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "unknown key b"},
        {"{\"a\":[[[[[[[[[[]]]]]]]]]]}", 8, "'{' expected"},
        {"{" A("[0,8]") "," A("[8,16]") "}", 16, "names tensor a twice"},
        {"{" A("[0,8]") ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", 12, "overlap"},
        {"{" A("[0,8]") ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[12,20]}}", 20, "leave a hole"},
        {"{\"__metadata__\":{\"a\":1}," A("[0,8]") "}", 8, "'\"' expected"},
        {"{\"__metadata__\":{},\"__metadata__\":{}," A("[0,8]") "}", 8, "__metadata__ stands there twice"},
        {"{\"a\\u0000\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "holds a zero byte"},
        {"{\"a\\x\":{}}", 8, "JSON does not have"},
        {"{\"a", 0, "a string without an end"},
        {"{}", 0, "it holds no tensor"},
        {"{" A("[0,8]") "}{", 8, "more than one JSON value"},
        {"{" A("[0,8]") ",}", 8, "'\"' expected"},
        {"[]", 0, "neither safetensors nor llm.c's weights"},
    };
    unsigned char bytes[600];
    struct tensor_file f;
    struct err err;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        size_t n = assemble(bytes, strlen(list[i].head), list[i].head, list[i].n_data);
        if (list[i].says)
            EXPECT_ERR(index_bytes(&f, bytes, n, &err), E_DATA, list[i].says);
        else
            EXPECT_OK(index_bytes(&f, bytes, n, &err));
        free_bytes(&f);
    }
    static const uint64_t lengths[] = {(uint64_t)1 << 63, UINT64_MAX, (uint64_t)1 << 40, 100000001, 200};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        size_t n = assemble(bytes, lengths[i], "{" A("[0,8]") "}", 8);
        EXPECT_ERR(index_bytes(&f, bytes, n, &err), E_DATA, lengths[i] > 100000000 ? "it is damaged" : "it is cut short");
        free_bytes(&f);
    }
    for (size_t n = 0; n < 8; n++) {
        EXPECT_ERR(index_bytes(&f, bytes, n, &err), E_DATA, "so short");
        free_bytes(&f);
    }
}

static void numbers(void)
{
    static const struct {
        uint16_t bits;
        float half, bfloat;
    } list[] = {{0x0000, 0, 0},
                {0x3C00, 1, 0x1p-7f},
                {0xBC00, -1, -0x1p-7f},
                {0x0001, 0x1p-24f, 0x1p-133f},
                {0x03FF, 1023 * 0x1p-24f, 0x1.FF8p-121f},
                {0x7BFF, 65504, 0x1.FEp+120f},
                {0x3555, 0x1.554p-2f, 0x1.AAp-21f},
                {0x7C00, INFINITY, 0x1p+121f},
                {0x3F80, 0x1.Ep+0f, 1}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        struct stored s = {.type = STORED_F16};
        const struct tensor_file f = {.data = (const unsigned char *)&list[i].bits};
        float v;
        tensor_file_floats(&v, &f, &s, 0, 1);
        EXPECT_MSG(v == list[i].half, "half %04x is %a, expected %a", list[i].bits, (double)v, (double)list[i].half);
        s.type = STORED_BF16;
        tensor_file_floats(&v, &f, &s, 0, 1);
        if (i != 4)
            EXPECT_MSG(v == list[i].bfloat, "bfloat %04x is %a, expected %a", list[i].bits, (double)v, (double)list[i].bfloat);
    }
}

/* What a file lacks, has too much of, or has in another shape or type. */
static void wrong_tensors(void)
{
    static const struct {
        const char *from, *to, *says;
    } list[] = {
        {"h.1.ln_1.bias", "h.1.ln_9.bias", "it has no tensor transformer.h.1.ln_1.bias"},
        {"\"shape\":[12, 24]", "\"shape\":[24, 12]", "tensor transformer.wpe.weight is [24, 12], this model's is [12, 24]"},
        {"\"transformer.wpe.weight\":{\"dtype\":\"F32\"", "\"transformer.wpe.weight\":{\"dtype\":\"I32\"", "holds I32"},
    };
    char path[FILE_PATH_MAX], config[FILE_PATH_MAX], *bytes;
    size_t size;
    struct kern k;
    struct gpt g, back;
    struct err err;
    const struct param_rules rules = param_rules_make(PARAM_STANDARD, 1, 1, 1, 1);
    kern_init(&k, KERN_REF);
    make(&g, &held[0].shape, &k, PARAM_STANDARD);
    snprintf(path, sizeof path, "%s/a.safetensors", test_tmpdir());
    snprintf(config, sizeof config, "%s/config.json", test_tmpdir());
    for (size_t i = 0; i < sizeof list / sizeof *list && !test_failed(); i++) {
        struct tensor_file f;
        struct hf_model m;
        EXPECT_OK(write_file(path, config, &g, false, &err));
        EXPECT_OK(file_read(&bytes, &size, path, &err));
        char *at = NULL;
        for (size_t j = 0; j + strlen(list[i].from) < size && !at; j++)
            at = memcmp(bytes + j, list[i].from, strlen(list[i].from)) == 0 ? bytes + j : NULL;
        CHECK(at);
        memcpy(at, list[i].to, strlen(list[i].to));
        EXPECT_OK(file_write_atomic(path, bytes, size, &err));
        free(bytes);
        EXPECT_OK(tensor_open(&f, path, &err));
        EXPECT_OK(hf_read_model(&m, &f, config, &err));
        EXPECT_OK(gpt_init_forward(&back, &m.shape, &rules, &k, 1, 1, &err));
        EXPECT_ERR(hf_read_weights(&back, &m, &f, &err), E_DATA, list[i].says);
        gpt_free(&back);
        tensor_file_close(&f);
    }
    gpt_free(&g);
}

/* --- the fuzzer ------------------------------------------------------------------------------------------------------------ */

enum { SEEDS = 3, ROUNDS = 20000 };

struct seed {
    unsigned char *bytes;
    size_t n;
};

static struct seed file_seed(const struct gpt_shape *s, bool llmc, const char *path)
{
    struct kern k;
    struct gpt g;
    struct err err;
    struct seed seed;
    kern_init(&k, KERN_REF);
    make(&g, s, &k, PARAM_STANDARD);
    CHECK(write_file(path, NULL, &g, llmc, &err) == OK);
    CHECK(file_read((char **)&seed.bytes, &seed.n, path, &err) == OK);
    gpt_free(&g);
    return seed;
}

/* Some bytes are others, some stand twice, some are gone; at times the length says something else. */
static size_t mutate(unsigned char *out, const struct seed *seed)
{
    static const char *const words[] = {"{", "}", "[", "]", "\"", "\\", "\\u0000", ",", ":", "18446744073709551615",
                                        "9223372036854775808", "\"a\":{", "\"data_offsets\":", "\"dtype\":\"F16\"", "[[[[[[[[", "0",
                                        "-1", "1e9", "__metadata__"};
    struct rng *r = test_rng();
    size_t n = seed->n, head = n < 4000 ? n : 4000;
    memcpy(out, seed->bytes, n);
    for (uint64_t edits = 1 + rng_below(r, 4); edits-- > 0;) {
        size_t at = (size_t)rng_below(r, rng_below(r, 4) ? size_min(head, n) : n);
        const char *word = words[rng_below(r, sizeof words / sizeof *words)];
        size_t m = strlen(word), from = (size_t)rng_below(r, head), count = size_min((size_t)rng_below(r, 40), head - from);
        switch (rng_below(r, 6)) {
        case 0:
            out[at] = (unsigned char)rng_below(r, 256);
            break;
        case 1:
            memcpy(out + at, word, size_min(m, n - at));
            break;
        case 2: /* in between */
            memmove(out + at + m, out + at, n - at);
            memcpy(out + at, word, m);
            n += m;
            break;
        case 3:
            memmove(out + at, out + size_min(n, at + count), n - size_min(n, at + count));
            n -= size_min(n, at + count) - at;
            break;
        case 4:
            memmove(out + at, seed->bytes + from, size_min(count, n - at));
            break;
        default:
            if (rng_below(r, 3) == 0)
                out[rng_below(r, 8)] ^= (unsigned char)(1 << rng_below(r, 8));
            else
                n = (size_t)rng_below(r, n + 1);
        }
        if (n == 0)
            return 0;
        head = size_min(head, n);
    }
    return n;
}

static void fuzz_one(const unsigned char *bytes, size_t n, size_t *good)
{
    struct tensor_file f;
    struct err err;
    float v[4];
    enum status st = index_bytes(&f, bytes, n, &err);
    EXPECT(st == OK || (st == E_DATA && err.msg[0]));
    /* A tensor takes that much of a header, or, of llm.c's, a number at the least. */
    EXPECT_MSG(f.n <= n / 4, "%zu tensors in %zu bytes", f.n, n);
    for (size_t i = 0; st == OK && i < f.n; i++) {
        const struct stored *s = &f.list[i];
        EXPECT(s->begin <= s->end && s->end <= f.n_data && tensor_file_find(&f, s->name) == s);
        if (stored_has_floats(s) && s->end > s->begin)
            tensor_file_floats(v, &f, s, (s->end - s->begin) / stored_type_bytes(s->type) - 1, 1);
    }
    struct hf_model m;
    *good += st == OK && hf_read_model(&m, &f, NULL, &err) == OK;
    free_bytes(&f);
}

static void fuzz_rounds(size_t rounds)
{
    static const struct gpt_shape one = {GPT_2 .V = 5, .T = 3, .C = 6, .L = 2, .NH = 2};
    char path[FILE_PATH_MAX];
    size_t good = 0;
    snprintf(path, sizeof path, "%s/seed", test_tmpdir());
    struct seed seeds[SEEDS] = {file_seed(&one, false, path), file_seed(&one, true, path), file_seed(&held[5].shape, false, path)};
    for (int i = 0; i < SEEDS; i++) {
        unsigned char *out = malloc(2 * seeds[i].n + 1000);
        CHECK(out);
        fuzz_one(seeds[i].bytes, seeds[i].n, &good);
        for (size_t r = 0; r < rounds && !test_failed(); r++)
            fuzz_one(out, mutate(out, &seeds[i]), &good);
        free(out);
        free(seeds[i].bytes);
    }
    printf("    %zu of %zu are files of weights all the same\n", good, SEEDS * (rounds + 1));
    EXPECT(good > 2);
}

static size_t rounds_asked;

static void fuzz(void)
{
    fuzz_rounds(rounds_asked ? rounds_asked : test_slow() ? ROUNDS / 10 : ROUNDS);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"round trips", round_trips}, {"refused", refused},           {"bad headers", bad_headers},
        {"numbers", numbers},         {"wrong tensors", wrong_tensors}, {"fuzz", fuzz},
    };
    if (argc > 2 && strcmp(argv[1], "fuzz") == 0)
        rounds_asked = (size_t)strtoul(argv[2], NULL, 10);
    return test_main(argc > 2 ? 2 : argc, argv, tests, sizeof tests / sizeof *tests);
}
