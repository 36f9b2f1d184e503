// Padding of a maximum is minus infinity, a scalar that is spread: text read back is the same code.
// RUN: bs-opt %s -p sched-to-kern{target=avx2} | bs-opt --emit llvm | filecheck %s

// CHECK-LABEL: define void @k(
// CHECK: insertelement <8 x float> poison, float 0xFFF0000000000000
// CHECK: fcmp ogt <8 x float>
sched.kernel @k convolution(%x : !net.t<[7], f32, @"*">) -> (!net.t<[4], f32, @"*">) {
  %c = net.pool %x {input = [7], windows = [4], extent = [3], stride = [2], low = [1], kind = "max"} : !net.t<[4], f32, @"*">
  sched.yield %c : !net.t<[4], f32, @"*">
}
