#include "report/page/html.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "plot/rich.h"
#include "plot/svg.h"

void html_bytes(FILE *out, const char *text, size_t n)
{
    svg_escape(out, text, n);
}

void html_text(FILE *out, const char *text)
{
    svg_escape(out, text, strlen(text));
}

PRINTF_LIKE(2, 0)
static void say(FILE *out, const char *fmt, va_list args)
{
    char few[512];
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(few, sizeof few, fmt, args);
    char *many = n >= (int)sizeof few ? malloc((size_t)n + 1) : NULL;
    if (many)
        vsnprintf(many, (size_t)n + 1, fmt, again);
    va_end(again);
    html_text(out, many ? many : few);
    free(many);
}

void html_say(FILE *out, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(out, fmt, args);
    va_end(args);
}

void html_line(FILE *out, const char *class_name, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fprintf(out, "<p class=\"%s\">", class_name);
    say(out, fmt, args);
    fputs("</p>\n", out);
    va_end(args);
}

void html_rich(FILE *out, const char *rich)
{
    struct rich_run run;
    while (rich_next(&run, &rich)) {
        const char *tag = run.rise > 0 ? "sup" : "sub";
        if (run.size < 1)
            fprintf(out, "<%s>", tag);
        svg_escape(out, run.text, run.n);
        if (run.size < 1)
            fprintf(out, "</%s>", tag);
    }
}

void html_plain(FILE *out, const char *rich)
{
    char plain[2048];
    rich_plain(plain, sizeof plain, rich);
    html_text(out, plain);
}

void html_term(FILE *out, const char *term, const char *meaning)
{
    fputs("<details class=\"term\"><summary>", out);
    html_text(out, term);
    fputs("</summary><p>", out);
    html_text(out, meaning);
    fputs("</p></details>", out);
}

void html_base64(FILE *out, const char *data, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        unsigned v = (unsigned)(unsigned char)data[i] << 16;
        v |= i + 1 < n ? (unsigned)(unsigned char)data[i + 1] << 8 : 0;
        v |= i + 2 < n ? (unsigned)(unsigned char)data[i + 2] : 0;
        fputc(digits[v >> 18], out);
        fputc(digits[v >> 12 & 63], out);
        fputc(i + 1 < n ? digits[v >> 6 & 63] : '=', out);
        fputc(i + 2 < n ? digits[v & 63] : '=', out);
    }
}

const char *html_value(char *out, size_t size, enum number_form form, const struct fit_value *v, const char *unit)
{
    char value[NUMBER_MAX], interval[96];
    number_say(value, sizeof value, form, v->value, v, false);
    number_interval(interval, sizeof interval, form, v, false);
    snprintf(out, size, "%s%s%s", value, isfinite(v->value) ? unit : "", interval);
    return out;
}

struct page_fit html_fit(const struct page *p)
{
    struct page_fit f = {.token = "token"};
    if (!p->charts)
        return f;
    const char *unit = p->charts->loss_unit ? p->charts->loss_unit : "nats per token", *per = strstr(unit, " per ");
    f.report = p->charts->report;
    f.law = fit_report_selected(f.report);
    f.compute = f.report->frontier.x && strcmp(f.report->frontier.x, "C") == 0;
    f.token = strstr(unit, "per byte") ? "byte" : "token";
    if (unit[0])
        snprintf(f.unit, sizeof f.unit, " %.*s", (int)(per ? per - unit : (long)strlen(unit)), unit);
    return f;
}
