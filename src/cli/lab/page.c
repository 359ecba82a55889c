/* The page to hand in: what every step left, its question, and what the team wrote into answers.txt. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/count.h"
#include "base/json_file.h"
#include "cli/lab/steps.h"
#include "report/page/html.h"

struct section {
    char id[16], heading[160];
    char *html;
    size_t size;
};

/* --- answers.txt --- */

static enum status begin_answers(const char *path, struct err *err)
{
    struct file_writer w;
    TRY(file_writer_open(&w, path, err));
    fputs("The team's answers to the questions. Write below each question; plateau lab puts it onto the page.\n"
          "A line that begins with a letter in brackets, as the questions do, begins the next answer.\n\nNames:\n\n",
          w.out);
    for (size_t i = 0; i < LAB_N_STEPS; i++)
        fprintf(w.out, "(%c) %s\n\n\n", lab_steps[i].letter, lab_steps[i].question);
    return file_writer_commit(&w, err);
}

static bool begins_answer(const char *line)
{
    return line[0] == '(' && line[1] >= 'a' && line[1] < 'a' + LAB_N_STEPS && line[2] == ')';
}

/* The lines of one answer, as paragraphs; nothing where there are none. */
static void put_answer(FILE *out, const char *answers, char letter)
{
    bool mine = false, any = false;
    for (const char *p = answers; *p;) {
        size_t n = strcspn(p, "\n");
        if (begins_answer(p)) {
            mine = p[1] == letter;
        } else if (mine && n > 0 && strspn(p, " \t\r") < n) {
            fputs(any ? "<p>" : "<h4>Our answer</h4>\n<p>", out);
            html_bytes(out, p, n);
            fputs("</p>\n", out);
            any = true;
        }
        p += n + (p[n] == '\n');
    }
    if (!any)
        html_line(out, "missing", "No answer yet.");
}

static void put_names(FILE *out, const char *answers)
{
    const char *p = strstr(answers, "\nNames:");
    if (!p)
        return;
    p += strlen("\nNames:");
    size_t n = strcspn(p, "\n");
    fputs("<p class=\"lead\">", out);
    html_bytes(out, p, n);
    fputs("</p>\n", out);
}

/* --- sections --- */

static void read_step(double *seconds, double *load, const struct lab *l, char letter)
{
    char path[FILE_PATH_MAX], name[8];
    struct err ignored;
    cJSON *root;
    *seconds = *load = (double)NAN;
    snprintf(name, sizeof name, "%c.json", letter);
    if (lab_path(path, l, "steps", name, NULL) != OK || json_read(&root, path, "step", &ignored) != OK)
        return;
    *seconds = json_number(root, "seconds"), *load = json_number(root, "load");
    cJSON_Delete(root);
}

static void put_steps(FILE *out, const struct lab *l)
{
    fputs("<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">step</th><th scope=\"col\">what</th><th "
          "scope=\"col\">took</th>"
          "<th scope=\"col\">load</th></tr></thead>\n<tbody>\n",
          out);
    for (size_t i = 0; i < LAB_N_STEPS; i++) {
        const struct lab_step *s = &lab_steps[i];
        double seconds = 0, load = 0;
        char took[32];
        fprintf(out, "<tr><th scope=\"row\"><a href=\"#step-%c\">%c</a></th><td>", s->letter, s->letter);
        html_text(out, s->title);
        fputs("</td><td class=\"n\">", out);
        if (lab_done(l, s->letter)) {
            read_step(&seconds, &load, l, s->letter);
            html_text(out, count_format_seconds(took, sizeof took, seconds));
            fputs("</td><td class=\"n\">", out);
            html_say(out, isfinite(load) ? "%.1f" : "-", load);
        } else {
            fputs("not done yet</td><td>", out);
        }
        fputs("</td></tr>\n", out);
    }
    fputs("</tbody></table></div>\n", out);
}

static void put_data(FILE *out, const struct lab *l)
{
    const cJSON *files = cJSON_GetObjectItemCaseSensitive(l->root, "files"), *f;
    if (cJSON_GetArraySize(files) == 0)
        html_line(out, "told", "Trained on the built-in language zipf-facts, whose true floor is known. Asked for: %g minutes.",
                  l->minutes);
    cJSON_ArrayForEach(f, files) html_line(out, "told", "Trained on %s. Asked for: %g minutes.",
                                           cJSON_IsString(f) ? file_basename(f->valuestring) : "", l->minutes);
}

/* What the step left, its question, the answer. */
static enum status fill(FILE *out, const struct lab *l, const struct lab_step *s, const char *answers, struct err *err)
{
    char path[FILE_PATH_MAX], where[FILE_PATH_MAX + 16], name[8];
    char *text;
    size_t size;
    if (!lab_done(l, s->letter)) {
        html_line(out, "missing", "Not done yet: plateau lab %c%s", s->letter, lab_out(where, sizeof where, l));
        return OK;
    }
    snprintf(name, sizeof name, "%c.html", s->letter);
    TRY(lab_path(path, l, "steps", name, err));
    TRY(file_read_regular(&text, &size, path, err));
    fwrite(text, 1, size, out);
    free(text);
    fputs("<h4>To think about</h4>\n", out);
    html_line(out, "told", "%s", s->question);
    put_answer(out, answers, s->letter);
    return OK;
}

static enum status section_of(struct section *x, const struct lab *l, size_t i, const char *answers, struct err *err)
{
    FILE *out = open_memstream(&x->html, &x->size);
    enum status st = OK;
    if (!out)
        return err_set(err, E_NOMEM, "out of memory making the page");
    if (i == 0) {
        snprintf(x->id, sizeof x->id, "lab");
        snprintf(x->heading, sizeof x->heading, "The lab");
        put_names(out, answers);
        put_data(out, l);
        put_steps(out, l);
    } else {
        const struct lab_step *s = &lab_steps[i - 1];
        snprintf(x->id, sizeof x->id, "step-%c", s->letter);
        snprintf(x->heading, sizeof x->heading, "(%c) %s", s->letter, s->title);
        st = fill(out, l, s, answers, err);
    }
    if (fclose(out) != 0 && st == OK)
        st = err_set(err, E_NOMEM, "out of memory making the page");
    return st;
}

static enum status write_page(const struct lab *l, const struct section *sections, struct err *err)
{
    struct page_piece pieces[LAB_N_STEPS + 1];
    char path[FILE_PATH_MAX];
    struct file_writer w;
    for (size_t i = 0; i <= LAB_N_STEPS; i++)
        pieces[i] = (struct page_piece){sections[i].id, sections[i].heading, {sections[i].html, sections[i].size}};
    const struct page page = {.name = "Scaling lab", .version = PLATEAU_VERSION, .pieces = pieces, .n_pieces = LAB_N_STEPS + 1};
    TRY(lab_path(path, l, "report.html", NULL, err));
    TRY(file_writer_open(&w, path, err));
    enum status st = page_write(w.out, &page, err);
    if (st == OK)
        return file_writer_commit(&w, err);
    file_writer_abandon(&w);
    return st;
}

enum status lab_page(const struct lab *l, struct err *err)
{
    struct section sections[LAB_N_STEPS + 1] = {{.size = 0}};
    char path[FILE_PATH_MAX];
    char *answers;
    size_t size;
    TRY(lab_path(path, l, "answers.txt", NULL, err));
    if (!file_exists(path))
        TRY(begin_answers(path, err));
    TRY(file_read_regular(&answers, &size, path, err));
    enum status st = OK;
    for (size_t i = 0; i <= LAB_N_STEPS && st == OK; i++)
        st = section_of(&sections[i], l, i, answers, err);
    if (st == OK)
        st = write_page(l, sections, err);
    for (size_t i = 0; i <= LAB_N_STEPS; i++)
        free(sections[i].html);
    free(answers);
    return st;
}
