// Kernels, buffers and calls print as they are written, in both forms of the IR.
// RUN: bs-opt %s | filecheck %s
// RUN: bs-opt %s | bs-opt - --language mlir | filecheck %s

// CHECK: sched.kernel @rows0 rows(%a: !net.t<[4], f32, @"*">) -> (!net.t<[4], f32, @"*">) {
// CHECK-NEXT: %b = net.exp %a : !net.t<[4], f32, @"*">
// CHECK-NEXT: sched.yield %b : !net.t<[4], f32, @"*">
sched.kernel @rows0 rows(%a : !net.t<[4], f32, @"*">) -> (!net.t<[4], f32, @"*">) {
  %b = net.exp %a : !net.t<[4], f32, @"*">
  sched.yield %b : !net.t<[4], f32, @"*">
}
sched.kernel @rows1 rows(%a : !net.t<[4], f32>) -> (!net.t<[4], f32>) {
  %b = net.negate %a : !net.t<[4], f32>
  sched.yield %b : !net.t<[4], f32>
}
// CHECK: sched.program @step ["*"] arena [64, 32] {
// CHECK-NEXT: %x = sched.buffer input "features" at [64, 0] : !net.t<[4], f32, @"*">
// CHECK-NEXT: %w = sched.buffer state parameter "W" : !net.t<[4], f32>
// CHECK-NEXT: %y = sched.buffer temporary "y" at [64, 16] : !net.t<[4], f32, @"*">
// CHECK-NEXT: sched.call @rows0(%x) -> (%y)
// CHECK-NEXT: sched.barrier
// CHECK-NEXT: sched.call serial @rows1(%w) -> (%w)
// CHECK-NEXT: sched.output "z", %y : !net.t<[4], f32, @"*">
sched.program @step ["*"] arena [64, 32] {
  %x = sched.buffer input "features" at [64, 0] : !net.t<[4], f32, @"*">
  %w = sched.buffer state parameter "W" : !net.t<[4], f32>
  %y = sched.buffer temporary "y" at [64, 16] : !net.t<[4], f32, @"*">
  sched.call @rows0(%x) -> (%y)
  sched.barrier
  sched.call serial @rows1(%w) -> (%w)
  sched.output "z", %y : !net.t<[4], f32, @"*">
}
