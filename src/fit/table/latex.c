#include "fit/table/format.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const char *file;
    char *p, *end;
    size_t line;
    char *fields[GRID_MAX_COLUMNS];
    size_t n;
    bool headed; /* the header has been read */
};

/* \begin{tabular...}, or lines of cells between & that end with \\. */
bool format_is_latex(const char *text)
{
    if (strstr(text, "\\begin{tab") || strstr(text, "\\begin{longtab"))
        return true;
    const char *and = strchr(text, '&'), *end = strstr(text, "\\\\");
    return and && end && and < end && strcspn(text, "\n") > (size_t)(and - text);
}

/* --- what a cell says without its commands -------------------------------------------------------------------------- */

/* What a command stands for; NULL: it is dropped, and what stands in its braces stays. */
static const char *meaning(const char *name, size_t n)
{
    static const struct {
        const char *name, *text;
    } known[] = {{"times", "\xc3\x97"}, {"cdot", "\xc3\x97"}, {"pm", "\xc2\xb1"}, {"approx", "~"}, {"sim", "~"},
                 {"alpha", "alpha"}, {"beta", "beta"}, {"quad", " "}, {"qquad", " "}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i].name) == n && memcmp(known[i].name, name, n) == 0)
            return known[i].text;
    return NULL;
}

/* One command at s; writes what it stands for (never longer than itself) and returns what follows. */
static const char *take_command(char **out, const char *s)
{
    size_t n = 1;
    while (isalpha((unsigned char)s[n]))
        n++;
    if (n == 1) { /* \% \_ \, \; */
        if (s[1] && strchr("%_#&$", s[1]))
            *(*out)++ = s[1];
        return s + (s[1] ? 2 : 1);
    }
    const char *text = meaning(s + 1, n - 1);
    size_t m = text ? strlen(text) : 0;
    if (m > 0 && m <= n) {
        memcpy(*out, text, m);
        *out += m;
    }
    s += n;
    return s + (text ? 0 : strspn(s, " "));
}

static char *plain(char *cell)
{
    char *out = cell;
    for (const char *s = cell; *s;) {
        if (*s == '\\')
            s = take_command(&out, s);
        else if (strchr("{}$", *s))
            s++;
        else if (*s == '~' && s > cell)
            *out++ = ' ', s++;
        else
            *out++ = *s++;
    }
    *out = '\0';
    return grid_trim(cell);
}

/* --- rows ------------------------------------------------------------------------------------------------------------- */

static bool begins(const struct reader *r, const char *word)
{
    size_t n = strlen(word);
    return (size_t)(r->end - r->p) >= n && memcmp(r->p, word, n) == 0;
}

/* Past one group in braces, where one begins here. */
static void skip_group(struct reader *r, char open, char close)
{
    size_t depth = 0;
    if (r->p >= r->end || *r->p != open)
        return;
    for (; r->p < r->end; r->p++) {
        r->line += *r->p == '\n';
        depth += *r->p == open;
        if (*r->p == close && --depth == 0) {
            r->p++;
            return;
        }
    }
}

/* Blanks, comments, and rules with what they take. */
static void skip_between(struct reader *r)
{
    static const char *const rules[] = {"\\toprule", "\\midrule", "\\bottomrule", "\\hline", "\\cmidrule", "\\cline",
                                        "\\addlinespace", "\\specialrule", "\\endhead", "\\endfirsthead", "\\endfoot"};
    for (bool on = true; on;) {
        on = false;
        while (r->p < r->end && (isspace((unsigned char)*r->p) || *r->p == '%')) {
            if (*r->p == '%')
                while (r->p < r->end && *r->p != '\n')
                    r->p++;
            else
                r->line += *r->p++ == '\n';
        }
        for (size_t i = 0; i < sizeof rules / sizeof *rules && !on; i++)
            if (begins(r, rules[i])) {
                on = true;
                r->p += strlen(rules[i]);
                skip_group(r, '(', ')');
                skip_group(r, '[', ']');
                skip_group(r, '{', '}');
            }
    }
}

/* Up to & or \\, braces and \& aside; newlines and comments inside become blanks. *last: the row ends here. */
static void take_cell(struct reader *r, bool *last)
{
    char *from = r->p;
    bool command = false;
    *last = true;
    for (; r->p < r->end; r->p++) {
        if (command) {
            command = false;
            continue;
        }
        if (*r->p == '\\' && r->p + 1 < r->end && r->p[1] == '\\')
            break;
        if (*r->p == '&') {
            *last = false;
            break;
        }
        if (begins(r, "\\end{tab"))
            break;
        command = *r->p == '\\';
        if (*r->p == '%')
            while (r->p < r->end && *r->p != '\n')
                *r->p++ = ' ';
        if (r->p == r->end) /* a comment that nothing ends */
            break;
        if (*r->p == '\n' || *r->p == '\r') {
            r->line += *r->p == '\n';
            *r->p = ' ';
        }
    }
    char stop = r->p < r->end ? *r->p : '\0';
    bool table_ends = stop == '\\' && begins(r, "\\end");
    *r->p = '\0'; /* the buffer has one byte after its end */
    if (table_ends)
        r->end = r->p;
    else if (r->p < r->end)
        r->p += *last ? 2 : 1;
    r->fields[r->n++] = from;
}

static enum status next_row(struct reader *r, size_t *line, bool *more, struct err *err)
{
    skip_between(r);
    *line = r->line;
    *more = r->p < r->end && !begins(r, "\\end{tab");
    r->n = 0;
    for (bool last = !*more; !last;) {
        if (r->n == GRID_MAX_COLUMNS)
            return err_set(err, E_DATA, "%s:%zu: more than %d columns", r->file, r->line, GRID_MAX_COLUMNS);
        take_cell(r, &last);
    }
    skip_group(r, '[', ']'); /* \\[2pt] */
    return OK;
}

static enum status read_header(struct grid *g, struct reader *r, size_t line, struct err *err)
{
    for (size_t i = 0; i < r->n; i++) {
        size_t at;
        char other[40];
        char *name = plain(r->fields[i]);
        snprintf(other, sizeof other, "column %zu", i + 1);
        TRY(grid_column(&at, g, name[0] ? name : other, i, err));
        if (at != i)
            return err_set(err, E_DATA, "%s:%zu: column '%.80s' appears twice", r->file, line, name);
    }
    r->headed = true;
    return OK;
}

static enum status read_row(struct grid *g, struct reader *r, size_t line, struct err *err)
{
    struct grid_row *row;
    if (r->n > g->n_columns)
        return err_set(err, E_DATA, "%s:%zu: %zu cells, but the header has %zu columns", r->file, line, r->n, g->n_columns);
    TRY(grid_add_row(&row, g, r->file, line, err));
    for (size_t i = 0; i < r->n; i++)
        TRY(grid_set(g, row, i, plain(r->fields[i]), err));
    return OK;
}

static bool spans(const struct reader *r)
{
    for (size_t i = 0; i < r->n; i++)
        if (strstr(r->fields[i], "\\multicolumn") || strstr(r->fields[i], "\\multirow"))
            return true;
    return false;
}

/* To what follows \begin{tabular}[pos]{columns}, or of tabular* and tabularx {width}{columns}. */
static void enter(struct reader *r)
{
    char *at = strstr(r->p, "\\begin{tab");
    for (char *next = at; next && (next = strstr(at + 1, "\\begin{tab")) != NULL && strncmp(at, "\\begin{table", 12) == 0;)
        at = next; /* the tabular in a table */
    if (!at || strncmp(at, "\\begin{table", 12) == 0)
        at = strstr(r->p, "\\begin{longtab");
    if (!at)
        return;
    for (; r->p < at; r->p++)
        r->line += *r->p == '\n';
    r->p += strlen("\\begin");
    skip_group(r, '{', '}');
    skip_group(r, '[', ']');
    skip_group(r, '{', '}');
    skip_group(r, '{', '}');
}

enum status format_latex(struct grid *g, const char *file, char *text, size_t size, struct err *err)
{
    struct reader *r = calloc(1, sizeof *r);
    enum status st = OK;
    if (!r)
        return err_set(err, E_NOMEM, "%s: out of memory", file);
    *r = (struct reader){.file = file, .p = text, .end = text + size, .line = 1};
    g->place = "line";
    g->separator = '&';
    enter(r);
    for (bool more = true; st == OK;) {
        size_t line;
        st = next_row(r, &line, &more, err);
        if (st != OK || !more)
            break;
        if (r->n == 1 && plain(r->fields[0])[0] == '\0')
            continue;
        if (spans(r)) { /* a heading over several columns, or over rows below */
            if (r->headed)
                st = err_set(err, E_DATA, "%s:%zu: a cell over several columns or rows: give every row all its cells", file, line);
            continue;
        }
        st = r->headed ? read_row(g, r, line, err) : read_header(g, r, line, err);
    }
    if (st == OK)
        format_judge_commas(g);
    free(r);
    return st;
}
