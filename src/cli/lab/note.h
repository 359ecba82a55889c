/* What a step tells: words, tables, charts and numbers, each of them to the terminal, to the step's part of the page, and
 * what later steps read to its JSON. */
#ifndef PLATEAU_CLI_LAB_NOTE_H
#define PLATEAU_CLI_LAB_NOTE_H

#include <stdio.h>

#include "cli/lab/lab.h"
#include "fit/stats.h"
#include "plot/chart.h"
#include "plot/font.h"

enum { NOTE_COLUMNS = 8, NOTE_ROWS = 48, NOTE_CELL = 72 };

struct note {
    const struct lab *lab;
    char letter;
    FILE *html;    /* into text */
    char *text;
    size_t size;
    cJSON *numbers;
    size_t failures; /* of cJSON, before: base/json_memory.h */
    struct font *font;
};

/* note_free in every case. */
enum status note_open(struct note *n, const struct lab *l, char letter, struct err *err) WARN_UNUSED;
/* steps/LETTER.html, then steps/LETTER.json, which means done: `seconds` that it took, the command and the load. */
enum status note_keep(struct note *n, double seconds, struct err *err) WARN_UNUSED;
void note_free(struct note *n);

/* The finding, which stands first; and any other paragraph. */
void note_lead(struct note *n, const char *fmt, ...) PRINTF_LIKE(2, 3);
void note_line(struct note *n, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* A table: cells are added row by row, the first row is the head, then it is told. */
struct note_table {
    size_t columns, n; /* cells */
    char cell[NOTE_ROWS * NOTE_COLUMNS][NOTE_CELL];
};
void note_cell(struct note_table *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
void note_tell(struct note *n, const struct note_table *t);

/* A chart: charts/LETTER-name.png and .svg, and on the page. Frees nothing. */
enum status note_chart(struct note *n, const struct chart *c, const char *name, struct err *err) WARN_UNUSED;
/* Files of a folder's charts/ that were drawn already: name.svg as it is. */
enum status note_picture(struct note *n, const char *svg, const char *words, struct err *err) WARN_UNUSED;

/* A number for later steps; NaN is left out. */
void note_number(struct note *n, const char *key, double v);
void note_value(struct note *n, const char *key, const struct fit_value *v);
/* Of a step that is done; E_DATA where it has none. */
enum status note_read(double *v, const struct lab *l, char letter, const char *key, struct err *err) WARN_UNUSED;

/* "0.52 (95 %: 0.44 to 0.6)", so many digits each; "-" where it is not known. */
const char *note_interval(char *out, size_t size, int digits, const struct fit_value *v);
/* The same of parameters or tokens: "8.64k (95 %: 4.88k to 27.3k)". */
const char *note_count_interval(char *out, size_t size, const struct fit_value *v);

#endif
