#include "cli/data_info.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "base/utf8.h"
#include "cli/text.h"
#include "data/baseline.h"
#include "data/text.h"

#define LN2 0.693147180559945309

/* With an indent of two and the rest of a character no line has more than 60 columns. */
enum { SAMPLE_LINES = 4, SAMPLE_WIDTH = 54, SAMPLE_SEED = 1 };

enum status data_info_text(const struct data_spec *s, bool bigram_only, struct err *err)
{
    struct text t;
    double nats;
    TRY(text_read(&t, s, err));
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

static void print_language(const struct data *d, const struct data_spec *s)
{
    struct data_number numbers[DATA_N_NUMBERS];
    size_t n = data_numbers(numbers, s);
    printf("%s, seed %llu: %zu symbols, floor %.6f nats per token (%.6f bits)\n", data_name(d),
           (unsigned long long)s->seed, data_vocab(d), data_floor(d), data_floor(d) / LN2);
    for (size_t i = 0; i < n; i++) {
        char lead[64];
        snprintf(lead, sizeof lead, "  data.%s=%.15g", numbers[i].name, numbers[i].value);
        printf("%-26s ", lead);
        text_wrap(stdout, text_width(stdout, TEXT_WIDTH_MAX), size_max(27, strlen(lead) + 1), 27, numbers[i].meaning);
    }
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
    char line[SAMPLE_WIDTH + 32] = "", piece[16];
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

enum status data_info(const struct data_spec *s, size_t ctx, struct err *err)
{
    struct data *d;
    TRY(data_open(&d, s, ctx, err));
    enum status st = OK;
    if (data_is_bytes(d))
        st = data_info_text(s, false, err);
    else
        print_language(d, s);
    if (st == OK) {
        print_theory(d);
        st = print_sample(d, data_unit(s), err);
    }
    data_close(d);
    return st;
}
