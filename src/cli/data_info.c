#include "cli/data_info.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/file.h"
#include "base/file_map.h"
#include "base/size.h"
#include "base/utf8.h"
#include "cli/text.h"
#include "data/baseline.h"
#include "data/formats/token_format.h"
#include "data/text.h"

#define LN2 0.693147180559945309

/* With an indent of two and the rest of a character no line has more than 60 columns. */
enum { SAMPLE_LINES = 4, SAMPLE_WIDTH = 54, SAMPLE_SEED = 1 };

enum status data_info_text(const struct data_spec *s, size_t ctx, bool bigram_only, struct err *err)
{
    struct text t;
    double nats;
    TRY(text_read(&t, s, ctx, err));
    enum status st = t.held.n < 2
                         ? err_set(err, E_DATA, "%s: too short to hold out a tenth", s->files[0])
                         : baseline_bigram(&nats, t.train.data, t.train.n, t.held.data, t.held.n, err);
    if (st == OK && !bigram_only)
        printf("%zu files, %zu training bytes, %zu held-out bytes\n", t.n_files, t.train.n, t.held.n);
    if (st == OK)
        printf("%sbigram %.6f nats per byte, %.6f bits per byte\n", bigram_only ? "" : "held-out loss, ",
               nats, nats / LN2);
    text_free(&t);
    return st;
}

/* What is printed of the losses of models that know no more than how often tokens or pairs of them come. */
static enum status print_baseline(const struct data *d, struct err *err)
{
    enum { MOST = 4000000 }; /* training tokens that are counted: a second, and 128 MB at most */
    struct baseline b;
    char tokens[32];
    double bytes = data_bytes_per_token(d);
    TRY(baseline_windows(&b, d, MOST, err));
    printf("held-out loss, unigram %.6f nats per token", b.unigram);
    if (isfinite(bytes))
        printf(", %.6f bits per byte", b.unigram / LN2 / bytes);
    printf("\nheld-out loss, bigram %.6f nats per token", b.bigram);
    if (isfinite(bytes))
        printf(", %.6f bits per byte", b.bigram / LN2 / bytes);
    printf(" (counted on %s training tokens)\n", count_format(tokens, sizeof tokens, b.train_tokens));
    return OK;
}

/* held: of the first source, of which some is held out. */
static enum status print_files(const struct data *d, bool held, struct err *err)
{
    char tokens[32];
    double bytes = data_bytes_per_token(d);
    for (size_t i = 0; i < data_n_files(d); i++) {
        const struct data_file *f = data_file_at(d, i);
        char size[32];
        printf("%s: %s, %s%s\n", f->path, f->form, count_format_bytes(size, sizeof size, (double)f->bytes),
               f->val ? ", held out" : "");
    }
    printf("vocabulary %zu, %s training tokens", data_vocab(d),
           count_format_exact(tokens, sizeof tokens, (double)data_train_tokens(d)));
    if (held)
        printf(", %zu windows of %zu held out", data_eval_windows(d), data_ctx(d));
    printf("\n");
    if (held && isfinite(bytes))
        printf("%.6f bytes a token on the held-out set\n", bytes);
    else if (held)
        text_beside(stdout, "", "bytes of tokens are not known, so there are no bits per byte: data.tokeniser names a file that "
                                "tells them, or tokenizer.json beside the tokens");
    return held ? print_baseline(d, err) : OK;
}

/* prefix: of the keys' names, "" or "mix_". */
static void print_language(const struct data *d, const struct data_spec *s, const char *prefix)
{
    struct data_number numbers[DATA_N_NUMBERS];
    size_t n = data_numbers(numbers, s);
    printf("%s, seed %llu: %zu symbols, floor %.6f nats per token (%.6f bits)\n", data_name(d),
           (unsigned long long)s->seed, data_vocab(d), data_floor(d), data_floor(d) / LN2);
    for (size_t i = 0; i < n; i++) {
        char lead[64];
        if (*prefix && strcmp(numbers[i].name, "eval_tokens") == 0)
            continue; /* nothing of a second source is held out */
        snprintf(lead, sizeof lead, "  data.%s%s=%.15g", prefix, numbers[i].name, numbers[i].value);
        printf("%-26s ", lead);
        text_wrap(stdout, text_width(stdout, TEXT_WIDTH_MAX), size_max(27, strlen(lead) + 1), 27, numbers[i].meaning);
    }
}

/* What comes of tokens that come again. */
static enum status print_repeats(const struct data *d, enum data_kind kind, struct err *err)
{
    double left;
    char tokens[32];
    if (data_kind_reads_files(kind) || data_train_tokens(d) == 0)
        return OK;
    TRY(data_unseen(&left, d, err));
    text_beside(stdout, "repeats: ", "training has %s tokens, %zu windows, which then come again in a new order",
                count_format(tokens, sizeof tokens, (double)data_train_tokens(d)), data_train_tokens(d) / data_ctx(d));
    if (isfinite(left))
        text_beside(stdout, "         ", "who knows all facts in them and no others keeps an excess of about %.4g nats per token, "
                    "however often they are read", left);
    return OK;
}

static void print_theory(const struct data *d)
{
    struct data_theory t;
    data_theory(&t, d);
    if (t.source)
        text_beside(stdout, "theory: ", "%s (%s)", t.says, t.source);
    else
        text_beside(stdout, "theory: ", "%s", t.says);
}

/* Print a line of the sample and empty it. */
static void print_line(char *line)
{
    size_t n = strlen(line);
    while (n > 0 && line[n - 1] == ' ')
        line[--n] = '\0';
    utf8_make_plain(line);
    printf("  %s\n", line);
    line[0] = '\0';
}

/* The tokens y of a window, a line for each record, broken where it is wide, but not within a character of a text. */
static void print_tokens(const struct data *d, const int32_t *y, size_t record)
{
    char line[2 * SAMPLE_WIDTH] = "", piece[SAMPLE_WIDTH - 8];
    size_t lines = 0;
    for (size_t i = 0; i < data_ctx(d) && lines < SAMPLE_LINES; i++) {
        size_t n = strlen(line);
        data_token_text(d, piece, sizeof piece, y[i]);
        if (piece[0] == '\0')
            snprintf(piece, sizeof piece, "?"); /* a text's byte 0 */
        if (isspace((unsigned char)piece[0]))
            piece[0] = ' ';
        bool inside = (piece[0] & 0xC0) == 0x80 && n < SAMPLE_WIDTH + 4;
        if ((n + strlen(piece) > SAMPLE_WIDTH && !inside) || (n > 0 && record > 1 && i % record == 0)) {
            print_line(line);
            lines++;
        }
        strcat(line, piece);
    }
    if (lines < SAMPLE_LINES)
        print_line(line);
    else
        printf("  ...\n");
}

static enum status print_sample(const struct data *d, size_t record, struct err *err)
{
    int32_t *tokens;
    TRY(size_calloc(&tokens, 2 * data_ctx(d), sizeof *tokens, "a window", err));
    data_train(d, tokens, tokens + data_ctx(d), SAMPLE_SEED, 0, 1);
    printf("a window begins:\n");
    print_tokens(d, tokens + data_ctx(d), record);
    free(tokens);
    return OK;
}

/* What the second source takes part in, and what that costs on the held-out set. */
static void print_mix(const struct data *d, const struct config *c)
{
    const struct data_mix m = config_data_mix(c);
    double last = m.tokens > 0 ? m.end_weight : m.weight;
    char tokens[32];
    printf("\n");
    if (m.tokens > 0)
        text_beside(stdout, "mixed in: ", "from %.4g %% of the windows to %.4g %% over the first %s tokens: data.mix_source, %s",
                    100 * m.weight, 100 * m.end_weight, count_format(tokens, sizeof tokens, m.tokens), data_name(data_second(d)));
    else
        text_beside(stdout, "mixed in: ", "%.4g %% of the windows: data.mix_source, %s", 100 * m.weight, data_name(data_second(d)));
    text_beside(stdout, "held out: ", "of data.source alone%s", last > 0 && last < 1 ? "" : ", whose floor holds");
    if (last > 0 && last < 1)
        text_beside(stdout, "          ", "its floor holds, but whoever has to find out which source a window is of pays up to "
                    "%.4g nats per token more, -ln(%.4g) / model.ctx", -log(1 - last) / (double)data_ctx(d), 1 - last);
}

/* A source alone; prefix as in print_language. */
static enum status print_source(const struct data *d, const struct data_spec *s, const char *prefix, struct err *err)
{
    if (!data_kind_reads_files(s->kind))
        print_language(d, s, prefix);
    else if (s->kind == DATA_TOKENS)
        TRY(print_files(d, !*prefix, err));
    else if (*prefix)
        printf("%zu files, %zu training bytes\n", data_n_files(d), data_train_tokens(d));
    else
        TRY(data_info_text(s, data_ctx(d), false, err));
    print_theory(d);
    TRY(print_repeats(d, s->kind, err));
    return print_sample(d, data_unit(s), err);
}

bool data_info_is_tokens(const char *path)
{
    struct file_map m;
    size_t n = strlen(path);
    if (n > 4 && (strcmp(path + n - 4, ".bin") == 0 || strcmp(path + n - 4, ".npy") == 0))
        return true;
    if (file_is_dir(path) || file_map_open(&m, path, NULL) != OK)
        return false;
    bool marked = m.n > 0 && token_format_is_marked(m.bytes, m.n);
    file_map_close(&m);
    return marked;
}

enum status data_info_files(const struct data_spec *s, size_t ctx, bool bigram_only, struct err *err)
{
    struct data *d;
    TRY(data_open(&d, s, ctx, err));
    enum status st = bigram_only ? print_baseline(d, err) : print_files(d, true, err);
    if (st == OK && !bigram_only)
        st = print_sample(d, 1, err);
    data_close(d);
    return st;
}

enum status data_info(const struct config *c, struct err *err)
{
    const struct data_spec first = config_data_spec(c);
    struct data *d, *mixed = NULL;
    TRY(data_open(&d, &first, c->model.ctx, err));
    enum status st = config_open_data(&mixed, c, err); /* whatever is wrong with it is said first */
    if (st == OK)
        st = print_source(d, &first, "", err);
    if (st == OK && data_second(mixed)) {
        const struct data_spec second = config_mix_spec(c);
        print_mix(mixed, c);
        st = print_source(data_second(mixed), &second, "mix_", err);
    }
    data_close(mixed);
    data_close(d);
    return st;
}
