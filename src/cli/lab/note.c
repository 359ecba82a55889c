#include "cli/lab/note.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_file.h"
#include "base/json_memory.h"
#include "base/system.h"
#include "cli/text.h"
#include "plot/write.h"
#include "report/page/html.h"
#include "report/page/picture.h"

enum status note_open(struct note *n, const struct lab *l, char letter, struct err *err)
{
    *n = (struct note){.lab = l, .letter = letter, .failures = json_memory_failures()};
    n->html = open_memstream(&n->text, &n->size);
    n->numbers = cJSON_CreateObject();
    n->font = font_open();
    return n->html && n->numbers && n->font ? OK : err_set(err, E_NOMEM, "out of memory beginning step %c", letter);
}

void note_free(struct note *n)
{
    if (n->html)
        fclose(n->html);
    free(n->text);
    cJSON_Delete(n->numbers);
    font_close(n->font);
    *n = (struct note){0};
}

/* What else the machine had to do, by its own count; NaN where it has none. */
static double load_of(void)
{
    return system_number("/proc/loadavg", "");
}

enum status note_keep(struct note *n, double seconds, struct err *err)
{
    char path[FILE_PATH_MAX], name[8];
    TRY(lab_path(path, n->lab, "steps", NULL, err));
    TRY(file_mkdirs(path, err));
    snprintf(name, sizeof name, "%c.html", n->letter);
    TRY(lab_path(path, n->lab, "steps", name, err));
    if (fflush(n->html) != 0 || ferror(n->html))
        return err_set(err, E_NOMEM, "out of memory telling of step %c", n->letter);
    TRY(file_write_atomic(path, n->text, n->size, err));
    cJSON *root = cJSON_CreateObject();
    cJSON_AddNumberToObject(root, "seconds", round(10 * seconds) / 10);
    double load = load_of();
    if (isfinite(load))
        cJSON_AddNumberToObject(root, "load", load);
    cJSON_AddItemToObject(root, "numbers", n->numbers);
    n->numbers = NULL;
    snprintf(name, sizeof name, "%c.json", n->letter);
    TRY(lab_path(path, n->lab, "steps", name, err));
    return json_write(path, root, n->failures, err);
}

PRINTF_LIKE(3, 0)
static void tell(struct note *n, const char *class_name, const char *fmt, va_list args)
{
    char words[2048];
    vsnprintf(words, sizeof words, fmt, args);
    text_message(stdout, "", "%s", words);
    html_line(n->html, class_name, "%s", words);
}

void note_lead(struct note *n, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    tell(n, "lead", fmt, args);
    va_end(args);
}

void note_line(struct note *n, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    tell(n, "told", fmt, args);
    va_end(args);
}

/* --- tables --- */

void note_cell(struct note_table *t, const char *fmt, ...)
{
    va_list args;
    if (t->n == (size_t)NOTE_ROWS * NOTE_COLUMNS)
        return;
    va_start(args, fmt);
    vsnprintf(t->cell[t->n++], NOTE_CELL, fmt, args);
    va_end(args);
}

/* Signs of UTF-8, which a column is counted in. */
static size_t signs(const char *s)
{
    size_t n = 0;
    for (; *s; s++)
        n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

static void print_table(const struct note_table *t)
{
    size_t width[NOTE_COLUMNS] = {0};
    for (size_t i = 0; i < t->n; i++)
        if (signs(t->cell[i]) > width[i % t->columns])
            width[i % t->columns] = signs(t->cell[i]);
    for (size_t i = 0; i < t->n; i++) {
        bool last = i % t->columns == t->columns - 1;
        printf("  %s%*s%s", t->cell[i], last ? 0 : (int)(width[i % t->columns] - signs(t->cell[i])),
               "", last ? "\n" : "");
    }
}

void note_tell(struct note *n, const struct note_table *t)
{
    FILE *out = n->html;
    fputs("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Numbers of this step\"><table class=\"plain\">\n",
          out);
    for (size_t i = 0; i < t->n; i++) {
        bool head = i < t->columns, first = i % t->columns == 0;
        if (first)
            fputs(i == 0 ? "<thead><tr>" : "<tr>", out);
        fputs(head ? "<th scope=\"col\">" : first ? "<th scope=\"row\">" : "<td class=\"n\">", out);
        html_text(out, t->cell[i]);
        fputs(head || first ? "</th>" : "</td>", out);
        if (i % t->columns == t->columns - 1)
            fputs(head ? "</tr></thead>\n<tbody>\n" : "</tr>\n", out);
    }
    fputs("</tbody></table></div>\n", out);
    print_table(t);
}

/* --- charts --- */

enum status note_chart(struct note *n, const struct chart *c, const char *name, struct err *err)
{
    static const struct chart_style style = {.width = 0};
    char dir[FILE_PATH_MAX], file[64];
    snprintf(file, sizeof file, "%c-%s", n->letter, name);
    TRY(lab_path(dir, n->lab, "charts", NULL, err));
    TRY(file_mkdirs(dir, err));
    TRY(chart_write(c, dir, file, &style, n->font, err));
    text_message(stdout, "", "figure: %s/%s.png", dir, file);
    fputs("<div class=\"lab-figure\">\n", n->html);
    TRY(picture_write(n->html, c, file, n->font, err));
    fputs("</div>\n", n->html);
    return OK;
}

enum status note_picture(struct note *n, const char *svg, const char *words, struct err *err)
{
    char *text;
    size_t size;
    if (!file_exists(svg))
        return OK;
    TRY(file_read_regular(&text, &size, svg, err));
    fputs("<figure>\n<img alt=\"", n->html);
    html_text(n->html, words);
    fputs("\" src=\"data:image/svg+xml;base64,", n->html);
    html_base64(n->html, text, size);
    fputs("\">\n</figure>\n", n->html);
    free(text);
    return OK;
}

/* --- numbers --- */

void note_number(struct note *n, const char *key, double v)
{
    if (isfinite(v))
        cJSON_AddNumberToObject(n->numbers, key, v);
}

void note_value(struct note *n, const char *key, const struct fit_value *v)
{
    char name[64];
    note_number(n, key, v->value);
    snprintf(name, sizeof name, "%s_lo", key);
    note_number(n, name, v->lo);
    snprintf(name, sizeof name, "%s_hi", key);
    note_number(n, name, v->hi);
}

enum status note_read(double *v, const struct lab *l, char letter, const char *key, struct err *err)
{
    char path[FILE_PATH_MAX], name[8];
    cJSON *root;
    snprintf(name, sizeof name, "%c.json", letter);
    TRY(lab_path(path, l, "steps", name, err));
    TRY(json_read(&root, path, "step of a lab", err));
    *v = json_number(cJSON_GetObjectItemCaseSensitive(root, "numbers"), key);
    cJSON_Delete(root);
    return isfinite(*v) ? OK : err_set(err, E_DATA, "%s has no number %s: remove it and do step %c again", path, key, letter);
}

const char *note_interval(char *out, size_t size, int digits, const struct fit_value *v)
{
    if (!isfinite(v->value))
        snprintf(out, size, "-");
    else if (isfinite(v->lo) && isfinite(v->hi))
        snprintf(out, size, "%.*g (95 %%: %.*g to %.*g)", digits, v->value, digits, v->lo, digits, v->hi);
    else
        snprintf(out, size, "%.*g", digits, v->value);
    return out;
}

const char *note_count_interval(char *out, size_t size, const struct fit_value *v)
{
    char n[3][AXIS_LABEL_MAX];
    const double at[3] = {v->value, v->lo, v->hi};
    for (size_t i = 0; i < 3; i++)
        axis_label_kind(n[i], sizeof n[i], AXIS_COUNT, at[i], 3);
    if (!isfinite(v->value))
        snprintf(out, size, "-");
    else if (isfinite(v->lo) && isfinite(v->hi))
        snprintf(out, size, "%s (95 %%: %s to %s)", n[0], n[1], n[2]);
    else
        snprintf(out, size, "%s", n[0]);
    return out;
}
