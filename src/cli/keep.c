#include "cli/keep.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/draw.h"
#include "cli/page_input.h"
#include "cli/text.h"

static const char note_name[] = "charts.txt";

enum status keep_fit(struct fitted *f, struct err *err)
{
    char path[FILE_PATH_MAX];
    CHECK(f->own && f->json);
    TRY(file_join(path, sizeof path, f->folder, "fit.json", err));
    if (!f->current)
        TRY(file_write_atomic(path, f->json, strlen(f->json), err));
    stored_free(&f->stored);
    return stored_read(&f->stored, path, err);
}

enum status keep_draw(const struct fitted *f, const char *out, const struct charts_how *how, struct err *err)
{
    struct file_list drawn = {0};
    printf("\nCharts\n");
    enum status st = draw_charts(&drawn, f, out, how, true, err);
    file_list_free(&drawn);
    return st;
}

/* ---- the note ---- */

/* What the note says: the fit, and the charts' names, one a line. */
struct note {
    uint64_t fit;
    struct file_list charts;
};

static enum status add_name(struct file_list *list, const char *name, size_t n, struct err *err)
{
    char **p = realloc(list->names, (list->n + 1) * sizeof *p);
    if (p)
        list->names = p;
    if (!p || !(p[list->n] = strndup(name, n)))
        return err_set(err, E_NOMEM, "out of memory for the names of charts");
    list->n++;
    return OK;
}

/* A note that is missing or no note names no fit and no charts. */
static enum status read_note(struct note *note, const char *folder, struct err *err)
{
    char path[FILE_PATH_MAX], *text;
    size_t size;
    *note = (struct note){0};
    TRY(file_join(path, sizeof path, folder, note_name, err));
    if (!file_exists(path))
        return OK;
    TRY(file_read_regular(&text, &size, path, err));
    unsigned long long fit = 0;
    enum status st = OK;
    const char *line = strchr(text, '\n');
    if (line && sscanf(text, "fit %16llx", &fit) == 1)
        note->fit = fit;
    while (line && *++line && st == OK) {
        const char *end = strchr(line, '\n');
        if (end)
            st = add_name(&note->charts, line, (size_t)(end - line), err);
        line = end;
    }
    free(text);
    return st;
}

static enum status write_note(const char *folder, uint64_t fit, const struct file_list *charts, struct err *err)
{
    char path[FILE_PATH_MAX];
    struct file_writer w;
    TRY(file_join(path, sizeof path, folder, note_name, err));
    TRY(file_writer_open(&w, path, err));
    fprintf(w.out, "fit %016llx, as fit.json's checksum has it, is what these charts were drawn from:\n",
            (unsigned long long)fit);
    for (size_t i = 0; i < charts->n; i++)
        fprintf(w.out, "%s\n", charts->names[i]);
    return file_writer_commit(&w, err);
}

/* ---- the folder's charts ---- */

enum { N_ENDINGS = 3, N_PICTURES = 2 };
static const char *const endings[N_ENDINGS] = {".png", ".svg", ".csv"};

static enum status chart_path(char *path, const struct fitted *f, const char *name, const char *ending, struct err *err)
{
    char file[FILE_PATH_MAX];
    snprintf(file, sizeof file, "charts/%.200s%s", name, ending);
    return file_join(path, FILE_PATH_MAX, f->folder, file, err);
}

enum status keep_charts_current(bool *current, const struct fitted *f, struct err *err)
{
    char path[FILE_PATH_MAX];
    struct note note;
    enum status st = read_note(&note, f->folder, err);
    *current = st == OK && f->stored.intact && note.fit == f->stored.checksum && note.charts.n > 0;
    for (size_t i = 0; i < N_PICTURES * note.charts.n && st == OK && *current; i++) {
        st = chart_path(path, f, note.charts.names[i / N_PICTURES], endings[i % N_PICTURES], err);
        *current = st == OK && file_exists(path);
    }
    file_list_free(&note.charts);
    return st;
}

static bool is_in(const struct file_list *list, const char *name)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->names[i], name) == 0)
            return true;
    return false;
}

/* Charts of an earlier fit that this one does not have go. */
static enum status remove_others(const struct fitted *f, const struct file_list *drawn, struct err *err)
{
    char path[FILE_PATH_MAX];
    for (size_t i = 0; i < N_ENDINGS * charts_count(); i++) {
        if (is_in(drawn, charts_name(i / N_ENDINGS)))
            continue;
        TRY(chart_path(path, f, charts_name(i / N_ENDINGS), endings[i % N_ENDINGS], err));
        if (unlink(path) != 0 && errno != ENOENT)
            return err_errno(err, errno, "cannot remove", path);
    }
    return OK;
}

/* On the last screen: the paths of the two main charts that say most, which come last, and how many there are. */
static void say_drawn(const struct fitted *f, const struct file_list *drawn)
{
    size_t say[2], n = 0;
    for (size_t i = charts_count(); i-- > 0 && n < 2;)
        if (charts_is_main(i) && is_in(drawn, charts_name(i)))
            say[n++] = i;
    for (size_t i = charts_count(); n == 0 && i-- > 0;)
        if (is_in(drawn, charts_name(i)))
            say[n++] = i;
    if (n == 0)
        text_beside(stdout, "  Charts        ", "none that these runs support");
    else if (n == 1)
        text_beside(stdout, "  Charts        ", "%s/charts/%s.png, of %zu there, each PNG and SVG", f->folder, charts_name(say[0]),
                    drawn->n);
    else
        text_beside(stdout, "  Charts        ", "%s/charts/%s.png, %s/charts/%s.png, of %zu there, each PNG and SVG", f->folder,
                    charts_name(say[1]), f->folder, charts_name(say[0]), drawn->n);
}

enum status keep_charts(const struct fitted *f, const struct charts_how *how, bool tell, struct err *err)
{
    char dir[FILE_PATH_MAX];
    struct file_list drawn = {0};
    CHECK(f->own && f->stored.intact);
    TRY(file_join(dir, FILE_PATH_MAX, f->folder, "charts", err));
    if (file_refuse_link(dir, err) != OK)
        return err_wrap(err, "charts of a sweep lie in its folder (elsewhere: plateau chart %s --out DIR)", f->folder);
    if (tell)
        printf("\nCharts\n");
    enum status st = draw_charts(&drawn, f, dir, how, tell, err);
    if (st == OK && !how->only)
        st = remove_others(f, &drawn, err);
    if (st == OK && !how->only)
        st = write_note(f->folder, f->stored.checksum, &drawn, err);
    if (st == OK && !tell)
        say_drawn(f, &drawn);
    file_list_free(&drawn);
    return st;
}

/* ---- the folder's page ---- */

static enum status report_path(char *path, const struct fitted *f, struct err *err)
{
    return file_join(path, FILE_PATH_MAX, f->folder, "report.html", err);
}

enum status keep_report(const struct fitted *f, bool tell, struct err *err)
{
    char path[FILE_PATH_MAX];
    struct page_input in;
    CHECK(f->own && f->stored.intact);
    TRY(report_path(path, f, err));
    enum status st = page_input_make(&in, f, err);
    if (st == OK)
        st = page_input_write(&in, path, err);
    page_input_free(&in);
    if (st == OK && tell)
        text_beside(stdout, "  Report        ", "%s, all of this on one page: open it in a browser", path);
    return st;
}

enum status keep_report_current(bool *current, const struct fitted *f, struct err *err)
{
    char path[FILE_PATH_MAX];
    *current = false;
    TRY(report_path(path, f, err));
    *current = page_input_current(path, f);
    return OK;
}
