// A product in double precision is not rounded: that is a mistake of who asked for both.
// RUN: not bs-opt %s -p sched-round-products 2>&1 | filecheck %s

sched.kernel @layer gemm(%w : !net.t<[20 x 33], f64>, %x : !net.t<[33], f64, @"*">) -> (!net.t<[20], f64, @"*">) {
  // CHECK: error[BS0817]: a product in double precision cannot be rounded to bfloat16
  // CHECK: help: leave out
  %z = net.times %w, %x : !net.t<[20], f64, @"*">
  sched.yield %z : !net.t<[20], f64, @"*">
}
