// Sparse samples as compiled steps take them: where their elements lie, which are never copied.
#pragma once

#include "layout.h"

// The elements of a stream in a minibatch.
uint64_t stream_elements(const StreamView& stream, const Minibatch& batch);

// The share of thread `tid` of `nt`: samples of sequences of length 1, in order.
void refer(const StreamView& stream, const Minibatch& batch, bs_sample* out, int64_t tid,
           int64_t nt);

// The same, each sample at the column that the layout gives it.
void refer_packed(const StreamView& stream, const Minibatch& batch, const Layout& layout,
                  bs_sample* out, int64_t tid, int64_t nt);
