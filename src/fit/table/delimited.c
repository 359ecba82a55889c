#include "fit/table/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fit/table/cells.h"

struct reader {
    const char *file;
    char *p, *end;
    char sep;    /* ' ': runs of blanks */
    size_t line; /* that p is in, from 1 */
    char *fields[GRID_MAX_COLUMNS];
    size_t n;
    bool bars;    /* a Markdown table: bars at both ends */
    bool numbers; /* the first field of every row is its number or name, which the header does not have */
    size_t last;  /* the number before */
};

/* --- where the table begins, looking only -------------------------------------------------------------------------- */

static const char *line_end(const char *p, const char *end)
{
    while (p < end && *p != '\n' && *p != '\r')
        p++;
    return p;
}

static const char *next_start(const char *p, const char *end)
{
    p = line_end(p, end);
    if (p < end && *p++ == '\r' && p < end && *p == '\n')
        p++;
    return p;
}

/* The line between header and rows: |---|:--:|, or +---+ of other programs. */
static bool is_rule_line(const char *p, const char *end)
{
    size_t dashes = 0, bars = 0;
    for (; p < end && *p != '\n' && *p != '\r'; p++) {
        dashes += *p == '-' || *p == '=';
        bars += *p == '|' || *p == '+';
        if (!strchr("-=|+: ", *p) || *p == '\0')
            return false;
    }
    return dashes > 0 && bars > 0;
}

static bool has_bar(const char *p, const char *end)
{
    const char *stop = line_end(p, end);
    return memchr(p, '|', (size_t)(stop - p)) != NULL;
}

/* A table among other text: its header is the line with bars above a rule. *count says how many there are, *second where the
 * second begins; *stop is the end of the first. NULL: there is none. */
static const char *among_text(const char **stop, const char **second, size_t *count, const char *text, const char *end)
{
    const char *header = NULL, *before = NULL;
    *count = 0;
    *stop = end;
    for (const char *p = text; p < end; p = next_start(p, end)) {
        bool rule = is_rule_line(p, end);
        if (header && *stop == end && !has_bar(p, end) && !rule)
            *stop = p;
        if (rule && before && has_bar(before, end) && !is_rule_line(before, end) && (!header || *stop < p)) {
            if (++*count == 1)
                header = before;
            else if (*count == 2)
                *second = before;
        }
        before = p;
    }
    return header;
}

/* The separator of a line: a tab where there is one, else the most frequent of the others outside quotes; without any
 * of them blanks, where there are two words. */
static char find_separator(const char *p, const char *end)
{
    static const char marks[] = "\t;|,";
    size_t count[4] = {0}, best = 3, words = 0;
    bool in_quotes = false, in_word = false;
    for (; p < end && (in_quotes || (*p != '\n' && *p != '\r')); p++) {
        const char *m = strchr(marks, *p);
        in_quotes ^= *p == '"';
        if (m && *p && !in_quotes)
            count[m - marks]++;
        words += !in_word && *p != ' ';
        in_word = *p != ' ';
    }
    if (count[0] > 0)
        return '\t';
    for (size_t i = 1; i < 4; i++)
        best = count[i] > count[best] ? i : best;
    return count[best] == 0 && words > 1 ? ' ' : marks[best];
}

/* Excel's hint to itself on the first line, sep=; and nothing else; '\0': it is not there. */
static char stated_separator(const char *p, const char *end)
{
    const char *stop = line_end(p, end);
    return stop - p == 5 && strncasecmp(p, "sep=", 4) == 0 ? p[4] : '\0';
}

/* --- one line -------------------------------------------------------------------------------------------------- */

/* A quoted field, "" standing for one quote; unquoted in place. */
static enum status quoted(struct reader *r, const char *start, struct err *err)
{
    size_t at = (size_t)(r->p - start) + 1, line = r->line;
    char *out = ++r->p;
    r->fields[r->n - 1] = out;
    for (;; r->p++) {
        if (r->p >= r->end)
            return err_set(err, E_DATA, "%s:%zu:%zu: a quote is opened and not closed", r->file, line, at);
        if (*r->p == '"') {
            if (r->p + 1 < r->end && r->p[1] == '"')
                r->p++;
            else
                break;
        }
        r->line += *r->p == '\n';
        *out++ = *r->p;
    }
    r->p++;
    while (r->p < r->end && *r->p == ' ' && r->sep != ' ')
        r->p++;
    if (r->p < r->end && *r->p != r->sep && *r->p != '\n' && *r->p != '\r')
        return err_set(err, E_DATA, "%s:%zu:%zu: text follows a closing quote", r->file, r->line, at);
    *out = '\0';
    return OK;
}

/* Up to the separator, the line's end, or in a Markdown table a bar that no backslash stands before. */
static void plain_field(struct reader *r)
{
    char *from = r->p;
    r->fields[r->n - 1] = from;
    while (r->p < r->end && *r->p != '\n' && *r->p != '\r' && (*r->p != r->sep || (r->bars && r->p > from && r->p[-1] == '\\')))
        r->p++;
}

/* **bold**, `code` and \| of Markdown. */
static char *without_marks(char *s)
{
    size_t n = strlen(s), m = 0;
    while (n >= 2 && strchr("*`_", s[0]) && s[n - 1] == s[0]) {
        s[n - 1] = '\0';
        s++;
        n -= 2;
    }
    for (size_t i = 0; i < n; i++)
        if (s[i] != '\\' || !strchr("|_*#", s[i + 1]) || s[i + 1] == '\0')
            s[m++] = s[i];
    s[m] = '\0';
    return s;
}

static void tidy_fields(struct reader *r)
{
    if (r->bars && r->n > 1) { /* what stands before the first bar and after the last */
        if (grid_trim(r->fields[0])[0] == '\0')
            memmove(r->fields, r->fields + 1, --r->n * sizeof *r->fields);
        if (r->n > 1 && grid_trim(r->fields[r->n - 1])[0] == '\0')
            r->n--;
    }
    if (r->sep == ' ' && r->n > 1 && r->fields[r->n - 1][0] == '\0')
        r->n--; /* blanks at the end */
    for (size_t i = 0; i < r->n; i++) {
        r->fields[i] = grid_trim(r->fields[i]);
        if (r->bars)
            r->fields[i] = without_marks(r->fields[i]);
    }
}

static void skip_blanks(struct reader *r)
{
    while (r->p < r->end && *r->p == ' ')
        r->p++;
}

/* The next line's fields; *more is false at the end. Empty lines are passed over. *start is its first character. */
static enum status next_line(struct reader *r, const char **start, size_t *line, bool *more, struct err *err)
{
    while (r->p < r->end && (*r->p == '\n' || *r->p == '\r'))
        r->line += *r->p++ == '\n';
    *more = r->p < r->end;
    *start = r->p;
    *line = r->line;
    r->n = 0;
    while (*more) {
        if (r->n == GRID_MAX_COLUMNS)
            return err_set(err, E_DATA, "%s:%zu: more than %d columns", r->file, r->line, GRID_MAX_COLUMNS);
        r->n++;
        char *from = r->p;
        skip_blanks(r);
        if (r->p < r->end && *r->p == '"') {
            TRY(quoted(r, *start, err));
        } else {
            r->p = r->sep == ' ' ? r->p : from;
            plain_field(r);
        }
        char stop = r->p < r->end ? *r->p : '\n';
        *r->p = '\0'; /* the buffer has one byte after its end */
        r->p += r->p < r->end;
        if (stop == r->sep)
            continue;
        if (stop == '\r' && r->p < r->end && *r->p == '\n')
            r->p++;
        r->line++;
        break;
    }
    tidy_fields(r);
    return OK;
}

/* --- header and rows --------------------------------------------------------------------------------------------- */

static bool is_number(const char *field)
{
    double v;
    bool scaled;
    return cell_number(&v, &scaled, field, true) == NULL || cell_number(&v, &scaled, field, false) == NULL;
}

static size_t count_numbers(char *const *fields, size_t n)
{
    size_t numbers = 0;
    for (size_t i = 0; i < n; i++)
        numbers += is_number(fields[i]);
    return numbers;
}

static enum status read_header(struct grid *g, struct reader *r, size_t line, struct err *err)
{
    if (r->n > 1 && 2 * count_numbers(r->fields, r->n) >= r->n)
        return err_set(err, E_DATA, "%s:%zu: numbers where the names of the columns should stand: put a line such as "
                       "params,tokens,loss above them", r->file, line);
    for (size_t i = 0; i < r->n; i++) {
        size_t at;
        char other[300];
        const char *name = r->fields[i];
        if (name[0] == '\0') { /* pandas writes its row numbers so */
            snprintf(other, sizeof other, "column %zu", i + 1);
            name = other;
        }
        TRY(grid_column(&at, g, name, i, err));
        if (at == i)
            continue;
        /* twice the same name: it has the same meaning, and where both are wanted they are told apart by place */
        snprintf(other, sizeof other, "%.200s (column %zu)", name, i + 1);
        TRY(grid_column(&at, g, other, i, err));
        if (at != i)
            return err_set(err, E_DATA, "%s:%zu: column '%.80s' appears twice", r->file, line, name);
    }
    return OK;
}

/* The line of dashes below the header of a Markdown table. */
static bool is_rule(const struct reader *r)
{
    if (r->sep != '|' || r->n == 0)
        return false;
    for (size_t i = 0; i < r->n; i++)
        if (r->fields[i][0] == '\0' || r->fields[i][strspn(r->fields[i], "-:+=")] != '\0' || !strpbrk(r->fields[i], "-="))
            return false;
    return true;
}

/* What R and pandas print before the fields of a row, with nothing above it: its number, which rises by one, or a name. */
static bool is_row_number(struct reader *r, bool first)
{
    char *end;
    const char *s = r->fields[0];
    unsigned long v = strtoul(s, &end, 10);
    bool number = end != s && *end == '\0', fits = number ? (first ? v <= 1 : v == r->last + 1) : !is_number(s);
    r->last = number ? v : r->last;
    return fits;
}

static enum status too_many(const struct grid *g, const struct reader *r, size_t line, size_t n, struct err *err)
{
    return err_set(err, E_DATA, "%s:%zu: %zu fields, but the header has %zu column%s%s", r->file, line, n, g->n_columns,
                   g->n_columns == 1 ? "" : "s",
                   g->n_columns == 1 ? " (a title above the names of the columns? take it away, or put # before it)" :
                   r->sep == ',' ? " (numbers with commas stand in quotes, or between semicolons)" : "");
}

static enum status take_row_number(struct grid *g, struct reader *r, size_t line, struct err *err)
{
    bool first = g->n_rows == 0;
    if (r->n == g->n_columns + 1 && (first || r->numbers) && is_row_number(r, first)) {
        r->numbers = true;
        memmove(r->fields, r->fields + 1, --r->n * sizeof *r->fields);
        return OK;
    }
    return too_many(g, r, line, r->n, err);
}

static enum status read_row(struct grid *g, struct reader *r, const char *start, size_t line, struct err *err)
{
    while (r->n > g->n_columns && r->fields[r->n - 1][0] == '\0')
        r->n--;
    if (r->n > g->n_columns || (r->numbers && r->n > 1))
        TRY(take_row_number(g, r, line, err));
    if (r->n == 1 && r->fields[0][0] == '\0')
        return OK; /* a line of blanks */
    struct grid_row *row;
    TRY(grid_add_row(&row, g, r->file, line, err));
    row->start = start;
    row->cells = malloc(r->n * sizeof *row->cells);
    if (!row->cells)
        return err_set(err, E_NOMEM, "%s: out of memory for %zu rows", r->file, g->n_rows);
    memcpy(row->cells, r->fields, r->n * sizeof *row->cells);
    row->n_cells = r->n;
    return OK;
}

/* --- commas ---------------------------------------------------------------------------------------------------- */

/* 4.21: a point that can only be a decimal one, as three digits would be a thousand's. */
static bool is_decimal_point(const char *cell)
{
    const char *s = cell + strspn(cell, "+-"), *point = s + strspn(s, "0123456789");
    size_t n = *point == '.' ? strspn(point + 1, "0123456789") : 0;
    return point > s && *point == '.' && (s[0] == '0' || n != 3) && n > 0 && (point[1 + n] == '\0' || strchr("eE", point[1 + n]));
}

/* Whether a comma in a number stands for a point or groups its thousands. One cell may be read either way (3,123), so
 * all are looked at: 4,21 and 0,123 can only be decimals, 1,000,000 only thousands, and beside 4.21 a comma is no point.
 * Undecided, a table with semicolons comes from where commas are decimal, and the reader of columns may know more. */
void format_judge_commas(struct grid *g)
{
    const char sep = g->separator;
    bool seen = false, decimal = false, thousands = false, points = false;
    for (size_t i = 0; i < g->n_rows; i++)
        for (size_t k = 0; k < g->rows[i].n_cells; k++) {
            const char *cell = grid_cell(&g->rows[i], k);
            enum cell_comma c = strchr(cell, ',') ? cell_comma(cell) : CELL_NO_COMMA;
            thousands |= c == CELL_THOUSANDS;
            decimal |= c == CELL_DECIMAL;
            seen |= c == CELL_EITHER;
            points |= sep == ',' ? strchr(cell, '.') != NULL : is_decimal_point(cell);
        }
    g->decimal_comma = !thousands && (decimal ? sep != ',' || !points : seen && !points && sep == ';');
    g->comma_open = seen && !thousands && !decimal && !points;
}

/* --- the whole --------------------------------------------------------------------------------------------------- */

static size_t lines_before(const char *text, const char *at)
{
    size_t n = 1;
    for (; text < at; text++)
        n += *text == '\n';
    return n;
}

/* A Markdown table among text is cut out; of two nobody knows which is meant. */
static enum status find_start(struct reader *r, char *text, char *end, struct err *err)
{
    const char *stop, *second = NULL;
    size_t count;
    const char *header = among_text(&stop, &second, &count, text, end);
    if (count > 1)
        return err_set(err, E_DATA, "%s: %zu tables, the first at line %zu, the next at line %zu: keep the one that is meant",
                       r->file, count, lines_before(text, header), lines_before(text, second));
    if (!header)
        return OK;
    r->p = text + (header - text);
    r->end = text + (stop - text);
    r->line = lines_before(text, header);
    *r->end = '\0';
    return OK;
}

/* The names stand on the first line that is no comment; or on the last comment, where numbers follow it at once. */
static enum status find_header(struct grid *g, struct reader *r, struct err *err)
{
    char **held = NULL;
    size_t n_held = 0, line_held = 0, line;
    const char *start;
    bool more;
    enum status st;
    while ((st = next_line(r, &start, &line, &more, err)) == OK && more) {
        bool comment = r->n > 0 && *start == '#' && r->fields[0] == start;
        bool above = held && n_held == r->n && count_numbers(r->fields, r->n) > 0;
        if (!comment && !above)
            break;
        if (comment) {
            if (r->sep == ' ' && r->n > 1 && strcmp(r->fields[0], "#") == 0) /* "# params tokens loss" */
                memmove(r->fields, r->fields + 1, --r->n * sizeof *r->fields);
            char **p = realloc(held, r->n * sizeof *p);
            if (!p) {
                st = err_set(err, E_NOMEM, "%s: out of memory", r->file);
                break;
            }
            held = p;
            memcpy(held, r->fields, (n_held = r->n) * sizeof *held);
            line_held = line;
            g->n_comments++;
            continue;
        }
        char **row = malloc(n_held * sizeof *row);
        if (!row) {
            st = err_set(err, E_NOMEM, "%s: out of memory", r->file);
            break;
        }
        memcpy(row, r->fields, n_held * sizeof *row);
        memcpy(r->fields, held, n_held * sizeof *row);
        r->fields[0] = grid_trim(r->fields[0] + (*r->fields[0] == '#'));
        g->n_comments--;
        st = read_header(g, r, line_held, err);
        memcpy(r->fields, row, n_held * sizeof *row);
        free(row);
        free(held);
        return st == OK ? read_row(g, r, start, line, err) : st;
    }
    free(held);
    if (st == OK && !more)
        return err_set(err, E_DATA, "%s: nothing but comments in it", r->file);
    return st == OK ? read_header(g, r, line, err) : st;
}

static enum status read_rows(struct grid *g, struct reader *r, struct err *err)
{
    for (;;) {
        const char *start;
        size_t line;
        bool more;
        TRY(next_line(r, &start, &line, &more, err));
        if (!more) /* one row alone does not show that its first field counts */
            return r->numbers && g->n_rows == 1 ? too_many(g, r, g->rows[0].line, g->n_columns + 1, err) : OK;
        if (*start == '#' && r->fields[0] == start)
            g->n_comments++;
        else if (!is_rule(r))
            TRY(read_row(g, r, start, line, err));
    }
}

static void begin(struct reader *r, char *text)
{
    char *first = r->p + strspn(r->p, "\r\n"), stated = stated_separator(first, r->end);
    if (stated) {
        r->line += lines_before(r->p, next_start(first, r->end)) - 1;
        r->p = text + (next_start(first, r->end) - text);
        first = r->p;
    }
    const char *names = first; /* comments may have other separators */
    while (names < r->end && (*names == '#' || *names == '\n' || *names == '\r') && next_start(names, r->end) < r->end)
        names = next_start(names, r->end);
    r->sep = stated ? stated : find_separator(names, r->end);
    const char *below = next_start(names, r->end);
    below += strspn(below, "\r\n");
    if (r->sep == ' ' && below < r->end) /* a title: what stands below tells */
        r->sep = find_separator(below, r->end);
    r->bars = r->sep == '|' && first[strspn(first, " ")] == '|';
}

enum status format_delimited(struct grid *g, const char *file, char *text, size_t size, struct err *err)
{
    struct reader *r = calloc(1, sizeof *r);
    if (!r)
        return err_set(err, E_NOMEM, "%s: out of memory", file);
    text[size] = '\0';
    *r = (struct reader){.file = file, .p = text, .end = text + size, .line = 1};
    g->place = "line";
    enum status st = find_start(r, text, text + size, err);
    if (st == OK) {
        begin(r, text);
        g->separator = r->sep;
        st = find_header(g, r, err);
    }
    if (st == OK)
        st = read_rows(g, r, err);
    if (st == OK)
        format_judge_commas(g);
    free(r);
    return st;
}
