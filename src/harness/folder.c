#include "harness/folder.h"

#include <math.h>

#include "data/baseline.h"
#include "harness/search.h"
#include "harness/sweep_json.h"

enum status folder_data_of(struct folder_data *d, const char *dir, const struct config *c, struct err *err)
{
    struct sweep_json_data told;
    struct data *data;
    sweep_json_read_data(&told, dir);
    *d = (struct folder_data){.vocab = told.vocab, .train_tokens = told.train_tokens};
    if (told.found)
        return OK;
    TRY(config_open_data(&data, c, err));
    *d = (struct folder_data){.vocab = data_vocab(data), .train_tokens = data_train_tokens(data)};
    data_close(data);
    return OK;
}

enum status folder_baseline(double *nats, const char *dir, const struct config *c, struct err *err)
{
    const struct data_spec spec = config_data_spec(c);
    struct sweep_json_data told;
    struct data *data;
    *nats = (double)NAN;
    if (spec.kind != DATA_TEXT)
        return OK;
    sweep_json_read_data(&told, dir);
    *nats = told.baseline;
    if (told.found)
        return OK;
    TRY(data_open(&data, &spec, c->model.ctx, err));
    enum status st = baseline_of_text(nats, data, err);
    data_close(data);
    return st;
}

enum status folder_read(struct folder *f, const char *dir, struct err *err)
{
    struct folder_data d;
    *f = (struct folder){.plan = {0}};
    config_init(&f->cfg);
    TRY(config_load_sweep(&f->cfg, dir, err));
    f->rates = f->cfg; /* with its own lists */
    TRY(search_apply_folder(&f->rates, dir, err));
    TRY(folder_data_of(&d, dir, &f->cfg, err));
    return (config_has_grid(&f->cfg) ? plan_make : plan_single)(&f->plan, &f->rates, d.vocab, d.train_tokens, err);
}

void folder_free(struct folder *f)
{
    plan_free(&f->plan);
    config_free(&f->cfg);
    *f = (struct folder){.plan = {0}};
}
