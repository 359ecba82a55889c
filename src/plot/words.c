#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plot/layout_internal.h"
#include "plot/rich.h"

double words_step(double size)
{
    return size + 4;
}

enum status words_add(struct layout *l, double x, double y, const char *text, double size, struct ink color,
                      enum anchor anchor, struct err *err)
{
    if (l->n_texts == l->texts_room) {
        size_t room = l->texts_room ? 2 * l->texts_room : 64;
        struct layout_text *more = realloc(l->texts, room * sizeof *more);
        if (!more)
            return err_set(err, E_NOMEM, "out of memory for the words of a chart");
        l->texts = more;
        l->texts_room = room;
    }
    struct layout_text *t = &l->texts[l->n_texts++];
    *t = (struct layout_text){.x = x, .y = y, .size = size, .color = color, .anchor = anchor};
    snprintf(t->text, sizeof t->text, "%s", text);
    return OK;
}

enum status words_wrap(size_t *lines, struct layout *l, double x, double y, double width, const char *text, double size,
                       struct ink color, bool draw, struct err *err)
{
    char line[2 * CHART_TEXT_MAX] = "", longer[2 * CHART_TEXT_MAX];
    *lines = 0;
    for (const char *p = text; *p || line[0];) {
        size_t len = strcspn(p, " "), had = strlen(line);
        if (p[len] == ' ' && p[len + 1] == '%') /* a number and its sign stay together */
            len += 1 + strcspn(p + len + 1, " ");
        int n = snprintf(longer, sizeof longer, "%s%s%.*s", line, had ? " " : "", (int)len, p);
        bool fits = n > 0 && (size_t)n < sizeof longer && rich_width(l->font, longer, size) <= width;
        if (!had || (fits && *p)) { /* a word that is wider than a line has one of its own */
            memcpy(line, longer, sizeof line);
            p += len;
            p += strspn(p, " ");
            if (!had && !line[0])
                break;
            continue;
        }
        if (draw)
            TRY(words_add(l, x, y + (double)*lines * words_step(size), line, size, color, ANCHOR_START, err));
        ++*lines;
        line[0] = '\0'; /* the same word again, on a line of its own */
    }
    return OK;
}
