#include "model/formats/tensor_open.h"

#include "model/formats/llmc.h"
#include "model/formats/safetensors.h"

enum status tensor_open(struct tensor_file *f, const char *path, struct err *err)
{
    *f = (struct tensor_file){0};
    TRY(file_map_open(&f->map, path, err));
    enum status st = llmc_is_one(f->map.bytes, f->map.n) ? llmc_index(f, err) : safetensors_index(f, err);
    if (st == OK)
        return OK;
    tensor_file_close(f);
    return err_wrap(err, "%s", path);
}
