#include "html_check.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

/* --- the form of HTML --------------------------------------------------------------------------- */

enum { DEPTH = 64, IDS = 4000 };

struct reader {
    char open[DEPTH][16];
    size_t depth;
    char *ids[IDS];
    size_t n_ids;
    bool bad;
};

static bool is_void(const char *name)
{
    static const char *const all[] = {"meta", "link", "input", "img", "br", "circle", "path", "use", "polyline",
        "polygon", "rect"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(name, all[i]) == 0)
            return true;
    return false;
}

/* The value of an id among the attributes of a tag. */
static void note_id(struct reader *r, const char *tag, size_t n)
{
    for (const char *p = tag; p + 5 < tag + n; p++)
        if (memcmp(p, " id=\"", 5) == 0 && r->n_ids < IDS) {
            size_t len = strcspn(p + 5, "\"");
            r->ids[r->n_ids++] = strndup(p + 5, len);
        }
}

/* Attributes are name="value", and no value holds a quote or the sign that would begin an element. */
static bool good_attributes(const char *p, const char *end)
{
    while (p < end) {
        p += strspn(p, " \n");
        if (p >= end || *p == '/')
            return true;
        while (p < end && (isalnum((unsigned char)*p) || *p == '-' || *p == ':'))
            p++;
        if (p < end && *p == '=') {
            if (p[1] != '"')
                return false;
            p += 2;
            while (p < end && *p != '"') {
                if (*p == '<')
                    return false;
                p++;
            }
            if (p >= end)
                return false;
            p++;
        } else if (p < end && !strchr(" \n/", *p)) {
            return false;
        }
    }
    return true;
}

/* The end of a tag: '>' outside of quotes. */
static const char *end_of_tag(const char *p)
{
    bool quoted = false;
    for (; *p; p++) {
        if (*p == '"')
            quoted = !quoted;
        if (*p == '>' && !quoted)
            return p;
    }
    return NULL;
}

static const char *read_tag(struct reader *r, const char *p)
{
    char name[16];
    const char *end = end_of_tag(p);
    bool closing = p[1] == '/';
    size_t n = strspn(p + 1 + closing, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ123456789");
    if (!end || n == 0 || n >= sizeof name) {
        test_fail(__FILE__, __LINE__, "no element: %.60s", p);
        r->bad = true;
        return p + 1;
    }
    snprintf(name, sizeof name, "%.*s", (int)n, p + 1 + closing);
    if (closing) {
        r->bad = r->depth == 0 || strcmp(r->open[--r->depth], name) != 0;
        EXPECT_MSG(!r->bad, "</%s> closes <%s>: %.60s", name, r->open[r->depth], p);
        return end + 1;
    }
    EXPECT_MSG(good_attributes(p + 1 + n, end), "attributes of %.200s", p);
    note_id(r, p, (size_t)(end - p));
    if (is_void(name) || end[-1] == '/')
        return end + 1;
    if (r->depth < DEPTH)
        snprintf(r->open[r->depth++], sizeof *r->open, "%s", name);
    if (strcmp(name, "script") == 0 || strcmp(name, "style") == 0) {
        const char *close = strstr(end, name[1] == 'c' ? "</script>" : "</style>");
        return close ? close : end + 1;
    }
    return end + 1;
}

void expect_html(const char *text)
{
    struct reader *r = calloc(1, sizeof *r);
    const char *p = strstr(text, "<html");
    while (p && *p && !r->bad) {
        if (*p == '&' && !strpbrk(p, ";"))
            test_fail(__FILE__, __LINE__, "a bare &: %.40s", p);
        EXPECT_MSG((unsigned char)*p >= 0x20 || *p == '\n', "a control character %d: %.40s", *p, p);
        p = *p == '<' ? read_tag(r, p) : p + 1;
    }
    EXPECT_MSG(r->depth == 0, "%zu elements are open at the end", r->depth);
    for (size_t i = 0; i < r->n_ids; i++)
        for (size_t j = i + 1; j < r->n_ids; j++)
            EXPECT_MSG(strcmp(r->ids[i], r->ids[j]) != 0, "id %s twice", r->ids[i]);
    for (size_t i = 0; i < r->n_ids; i++)
        free(r->ids[i]);
    free(r);
}

void expect_alone(const char *text)
{
    for (const char *p = text; (p = strstr(p, "http")) != NULL; p++) {
        bool address = strncmp(p, "http://", 7) == 0 || strncmp(p, "https://", 8) == 0;
        bool link = p - text > 9 && strncmp(p - 9, "<a href=\"", 9) == 0, space = strncmp(p, "http://www.w3.org/", 18) == 0;
        EXPECT_MSG(!address || link || space, "an address outside of a link: %.60s", p - 20);
    }
    EXPECT_MSG(!strstr(text, " onclick="), "%s is on the page", " onclick=");
    EXPECT_MSG(!strstr(text, " onload="), "%s is on the page", " onload=");
    EXPECT_MSG(!strstr(text, "eval("), "%s is on the page", "eval(");
    EXPECT_MSG(!strstr(text, "Function("), "%s is on the page", "Function(");
    EXPECT_MSG(!strstr(text, "<iframe"), "%s is on the page", "<iframe");
    EXPECT(strstr(text, "default-src 'none'"));
}
