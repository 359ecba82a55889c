/* How it was done: what was run, where, with what settings, and what to be careful with. */
#include <cjson/cJSON.h>
#include <string.h>

#include "report/page/kinds.h"

static void put_fact(FILE *out, const char *name, const char *value)
{
    fputs("<dt>", out);
    html_text(out, name);
    fputs("</dt><dd>", out);
    html_text(out, value);
    fputs("</dd>\n", out);
}

static void put_lines(FILE *out, const char *heading, const struct fit_lines *lines)
{
    if (lines->n == 0)
        return;
    fprintf(out, "<h3>%s</h3>\n<ul>\n", heading);
    for (size_t i = 0; i < lines->n; i++) {
        fputs("<li>", out);
        html_text(out, lines->text[i]);
        fputs("</li>\n", out);
    }
    fputs("</ul>\n", out);
}

static void put_json(FILE *out, const cJSON *v)
{
    char *text = cJSON_PrintUnformatted(v);
    if (cJSON_IsString(v))
        html_text(out, v->valuestring);
    else if (text)
        html_text(out, text);
    cJSON_free(text);
}

/* "machine": what is in an object, one after the other. */
static void put_object(FILE *out, const char *name, const cJSON *o)
{
    const cJSON *v;
    if (!cJSON_IsObject(o))
        return;
    fputs("<dt>", out);
    html_text(out, name);
    fputs("</dt><dd>", out);
    cJSON_ArrayForEach(v, o)
    {
        html_say(out, "%s%s ", v == o->child ? "" : ", ", v->string);
        put_json(out, v);
    }
    fputs("</dd>\n", out);
}

static void put_files(FILE *out, const cJSON *files)
{
    const cJSON *f;
    if (!cJSON_IsArray(files))
        return;
    fputs("<dt>data files</dt><dd>", out);
    cJSON_ArrayForEach(f, files)
    {
        const cJSON *path = cJSON_GetObjectItemCaseSensitive(f, "path"), *bytes = cJSON_GetObjectItemCaseSensitive(f, "bytes");
        if (cJSON_IsString(path))
            html_say(out, "%s%s (%.0f bytes)", f == files->child ? "" : ", ", path->valuestring, cJSON_IsNumber(bytes) ?
                bytes->valuedouble : 0);
    }
    fputs("</dd>\n", out);
}

static void put_string(FILE *out, const char *name, const cJSON *v)
{
    if (cJSON_IsString(v))
        put_fact(out, name, v->valuestring);
}

/* A section of the config as rows. */
static void put_section(FILE *out, const cJSON *section)
{
    const cJSON *v;
    if (!cJSON_IsObject(section)) {
        fputs("<tr><th scope=\"row\">", out);
        html_text(out, section->string);
        fputs("</th><td>", out);
        put_json(out, section);
        fputs("</td></tr>\n", out);
        return;
    }
    cJSON_ArrayForEach(v, section)
    {
        fputs("<tr><th scope=\"row\">", out);
        html_say(out, "%s.%s", section->string, v->string);
        fputs("</th><td>", out);
        put_json(out, v);
        fputs("</td></tr>\n", out);
    }
}

static void put_config(FILE *out, const cJSON *config)
{
    const cJSON *v;
    if (!cJSON_IsObject(config))
        return;
    fputs("<details><summary>Every setting, defaults included</summary>\n<div class=\"scroll tall\" tabindex=\"0\" "
        "role=\"region\" "
          "aria-label=\"Config\"><table class=\"plain\"><tbody>\n", out);
    cJSON_ArrayForEach(v, config)
        put_section(out, v);
    fputs("</tbody></table></div></details>\n", out);
}

static void put_sweep(FILE *out, const struct page *p, const cJSON *sweep)
{
    const cJSON *truth = cJSON_GetObjectItemCaseSensitive(sweep, "truth");
    fputs("<dl class=\"rows\">\n", out);
    if (p->command)
        put_fact(out, "made by", p->command);
    put_string(out, "trained by plateau", cJSON_GetObjectItemCaseSensitive(sweep, "version"));
    if (p->version)
        put_fact(out, "fitted and written by plateau", p->version);
    put_object(out, "machine", cJSON_GetObjectItemCaseSensitive(sweep, "machine"));
    put_string(out, "fingerprint of the data", cJSON_GetObjectItemCaseSensitive(sweep, "data_fingerprint"));
    put_files(out, cJSON_GetObjectItemCaseSensitive(sweep, "data_files"));
    put_object(out, "what is known of the truth", truth);
    fputs("</dl>\n", out);
    put_config(out, cJSON_GetObjectItemCaseSensitive(sweep, "config"));
}

static void put_counts(FILE *out, const struct fit_report *r)
{
    html_line(out, "note", "N is counted %s. FLOPs are those of the matrix products of training, three times those of a "
        "forward pass, "
                           "attention counted causally.%s", r->count == FIT_COUNT_TOTAL ? "whole, a tied head once" :
                           fit_count_name(r->count),
              r->n_diverged + r->n_failed ? "" : " No run diverged or failed.");
    if (r->n_diverged + r->n_failed)
        html_line(out, "warn", "%zu run%s diverged and %zu failed: they are in the table, and in no fit.", r->n_diverged,
                  r->n_diverged == 1 ? "" : "s", r->n_failed);
}

static void put_protocol(FILE *out, const struct fit_verdict *v)
{
    if (v->n_protocol == 0)
        return;
    fputs("<h3>What in the training can move the law</h3>\n<ul>\n", out);
    for (size_t i = 0; i < v->n_protocol; i++) {
        fputs("<li>", out);
        html_say(out, "%s: %s%s", v->protocol[i].name, v->protocol[i].text, v->protocol[i].measured ? " (measured by "
            "these runs)" : "");
        fputs("</li>\n", out);
    }
    fputs("</ul>\n", out);
}

enum status method_section(FILE *out, const struct page *p, struct err *err)
{
    (void)err;
    const struct fit_report *r = p->charts ? p->charts->report : NULL;
    cJSON *sweep = p->sweep.data ? cJSON_ParseWithLength(p->sweep.data, p->sweep.size) : NULL;
    if (!sweep)
        html_line(out, "missing", p->sweep.data ? "sweep.json is damaged: machine and settings are not known."
                                                : "A table does not tell with what machine and settings its runs were made.");
    put_sweep(out, p, sweep);
    if (r) {
        put_counts(out, r);
        put_lines(out, "Warnings", &r->warnings);
        put_protocol(out, &r->verdict);
        put_lines(out, "Notes of the fit", &r->notes);
        put_lines(out, "Notes of the table", &p->charts->table->notes);
    }
    cJSON_Delete(sweep);
    return OK;
}
