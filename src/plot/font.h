/* The embedded font: metrics and glyph coverage. The only file that knows stb. */
#ifndef PLATEAU_PLOT_FONT_H
#define PLATEAU_PLOT_FONT_H

#include <stddef.h>

#include "base/status.h"

struct font; /* read-only after font_open */

/* NULL where the embedded bytes are no font or memory is short. */
struct font *font_open(void);
void font_close(struct font *f);

/* Advance width of a UTF-8 string at this pixel size, kerning included. */
double font_width(const struct font *f, const char *utf8, double size);

/* Coverage of one code point at (x, y = baseline), added by `put` for each pixel with coverage 0..255; size is at
 * most FONT_SIZE_MAX. Writes the advance to the next one. E_NOMEM, without a message, where memory is short. */
typedef void font_put(void *ctx, int x, int y, unsigned char coverage);
enum { FONT_SIZE_MAX = 320 };
enum status font_draw(double *ahead, const struct font *f, int code, int next, double x, double y, double size,
                      font_put *put, void *ctx) WARN_UNUSED;

/* The next code point of a UTF-8 string; a malformed byte stands for itself. */
int font_next_code(const char **utf8);

#endif
