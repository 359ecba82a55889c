#include "model/linear.h"

#include "model/gemm.h"

static void plan_products(struct linear *l, struct planner *p, const char *name, bool pack)
{
    planner_product(p, name, l->in, l->out, l->ldx, l->ldy);
    p->flops += 2 * (double)l->in * (double)l->out;
    if (!p->arena)
        return;
    const struct kern *k = p->o.k;
    int threads = p->o.threads;
    if (pack) {
        l->packed_fwd = planner_keep(p, gemm_packed_floats(k, l->in, l->out));
        l->packed_bwd = p->forward ? NULL : planner_keep(p, gemm_packed_floats(k, l->out, l->in));
    }
    planner_want(&p->scratch.gemm, gemm_nn_scratch(k, threads, l->out, l->in));
    if (p->forward)
        return;
    planner_want(&p->scratch.gemm, gemm_nn_scratch(k, threads, l->in, l->out));
    planner_want(&p->scratch.gemm, gemm_tn_scratch(k, threads, p->R, l->out));
    planner_want(&p->scratch.gemm, gemm_tn_scratch(k, threads, p->R, l->in));
}

void linear_plan(struct linear *l, struct planner *p, const char *name, const char *bias, size_t in, size_t out,
                 enum param_role role)
{
    linear_plan_of(l, p, name, bias, in, out, role, 0, 1);
}

static struct weight part_of(struct weight w, size_t floats)
{
    return w.w ? (struct weight){w.w + floats, w.grad ? w.grad + floats : NULL} : w;
}

void linear_plan_of(struct linear *l, struct planner *p, const char *name, const char *bias, size_t in, size_t out,
                    enum param_role role, size_t e, size_t n)
{
    *l = (struct linear){.in = in, .out = out, .ldx = planner_row(p, in), .ldy = planner_row(p, out)};
    l->w = part_of(planner_tensor(p, name, n * in, out, role, false), e * in * out);
    tensors_stack(p->tensors, name, n);
    if (bias)
        l->b = part_of(planner_tensor(p, bias, n, out, PARAM_BIAS, true), e * out);
    /* Of bfloat16 packed weights are the converted ones: they are made once a step, whatever their size. */
    plan_products(l, p, name, p->pack || (p->o.k && p->o.k->precision == KERN_BF16));
}

void linear_plan_on(struct linear *l, struct planner *p, const char *name, struct weight w, size_t in, size_t out)
{
    *l = (struct linear){.in = in, .out = out, .ldx = planner_row(p, in), .ldy = out, .transposed = true, .w = w};
    plan_products(l, p, name, true);
}

void linear_pack(const struct linear *l, struct ops o)
{
    size_t ldw = l->transposed ? l->in : l->out;
    if (!l->packed_fwd)
        return;
    gemm_pack(o.k, o.threads, l->packed_fwd, l->w.w, ldw, l->in, l->out, l->transposed);
    if (l->packed_bwd)
        gemm_pack(o.k, o.threads, l->packed_bwd, l->w.w, ldw, l->out, l->in, !l->transposed);
}

/* The same of single rows, by products of a vector, which need no packed weights. */
static void row_fwd(const struct linear *l, struct pass *p, float *y, const float *x, const struct kern_epilogue *f)
{
    const struct kern *k = p->o.k;
    for (size_t r = 0; r < p->R; r++, y += l->ldy, x += l->ldx) {
        if (l->transposed)
            k->gemv_t(y, x, l->w.w, l->in, l->in, l->out);
        else
            k->gemv(y, x, l->w.w, l->out, l->in, l->out);
        if (f->bias)
            k->mix(y, 1, y, 1, f->bias, l->out);
        if (f->res)
            k->mix(y, f->scale, y, 1, f->res + r * l->ldy, l->out);
        if (f->act != KERN_ACT_NONE)
            k->act(y, NULL, y, l->out, f->act);
    }
    pass_mark(p, GPT_OP_GEMM_FWD);
}

/* Values in a row of the weights, as they are stored. */
static size_t row_of_w(const struct linear *l)
{
    return l->transposed ? l->in : l->out;
}

void linear_fwd(const struct linear *l, struct pass *p, float *y, const float *x, const struct kern_epilogue *epilogue)
{
    struct kern_epilogue f = epilogue ? *epilogue : (struct kern_epilogue){0};
    f.bias = l->b.w;
    if (p->row && p->o.k->precision == KERN_FP32) {
        row_fwd(l, p, y, x, &f);
        return;
    }
    const struct gemm_nn product = {.c = y, .ldc = l->ldy, .a = x, .lda = l->ldx, .packed = l->packed_fwd,
                                    .w = l->w.w, .ldw = row_of_w(l), .transposed = l->transposed,
                                    .M = p->R, .N = l->out, .K = l->in,
                                    .epilogue = epilogue || f.bias ? &f : NULL, .scratch = p->s->gemm};
    gemm_nn(p->o.k, p->o.threads, &product);
    pass_mark(p, GPT_OP_GEMM_FWD);
}

void linear_bwd_input(const struct linear *l, struct pass *p, float *dx, const float *mul, const float *dy)
{
    const struct kern_epilogue times = {.mul = mul};
    const struct gemm_nn back = {.c = dx, .ldc = l->ldx, .a = dy, .lda = l->ldy, .packed = l->packed_bwd,
                                 .w = l->w.w, .ldw = row_of_w(l), .transposed = !l->transposed,
                                 .M = p->R, .N = l->in, .K = l->out,
                                 .epilogue = mul ? &times : NULL, .scratch = p->s->gemm};
    gemm_nn(p->o.k, p->o.threads, &back);
    pass_mark(p, GPT_OP_GEMM_DX);
}

void linear_bwd_weights(const struct linear *l, struct pass *p, const float *dy, const float *x)
{
    struct gemm_tn grad = {.c = l->w.grad, .ldc = l->out, .a = x, .lda = l->ldx, .b = dy, .ldb = l->ldy,
                           .M = p->R, .K = l->in, .N = l->out, .accumulate = !p->first, .scratch = p->s->gemm};
    if (l->transposed) {
        grad.a = dy, grad.lda = l->ldy, grad.K = l->out;
        grad.b = x, grad.ldb = l->ldx, grad.N = grad.ldc = l->in;
    }
    gemm_tn(p->o.k, p->o.threads, &grad);
    pass_mark(p, GPT_OP_GEMM_DW);
    if (!l->b.w)
        return;
    ops_colsum(p->o, l->b.grad, dy, l->ldy, p->R, l->out);
    pass_mark(p, GPT_OP_REST);
}

void linear_bwd(const struct linear *l, struct pass *p, float *dx, const float *mul, const float *dy, const float *x)
{
    linear_bwd_input(l, p, dx, mul, dy);
    linear_bwd_weights(l, p, dy, x);
}
