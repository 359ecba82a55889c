#include "plot/png.h"

#include <stdlib.h>

#include "base/file.h"

#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#if defined(__GNUC__) /* stb declares more than it defines; seen at the end of the unit */
#pragma GCC diagnostic ignored "-Wunused-function"
#endif
#include <stb_image_write.h>

enum status png_write(const char *path, const struct raster *r, struct err *err)
{
    int size = 0;
    unsigned char *data = stbi_write_png_to_mem(r->rgb, r->width * 3, r->width, r->height, 3, &size);
    if (!data)
        return err_set(err, E_NOMEM, "out of memory writing %s", path);
    enum status st = file_write_atomic(path, data, (size_t)size, err);
    free(data);
    return st;
}
