// A ring becomes a loop of calls that read the buffers of another step; weights are packed before.
// RUN: bs-opt %s -p net-fuse,net-to-sched,sched-plan-memory,sched-place-barriers > %t
// RUN: filecheck %s --input-file %t
// RUN: bs-opt %t --language mlir | filecheck %s

// CHECK: %[[X:.*]] = sched.buffer input "x" at
// CHECK: %[[R:.*]] = sched.buffer state parameter "R"
// CHECK: %[[I:.*]] = sched.buffer temporary "broadcast_to" {{.*}} : !net.t<[64], f32, @"*/first">
// CHECK: %[[P:.*]] = sched.buffer temporary "pack" {{.*}} : !net.t<[4096], f32>
// CHECK: %[[H:.*]] = sched.buffer temporary "h" {{.*}} : !net.t<[64], f32, @"*">
// CHECK: sched.call serial @pack0(%[[R]]) -> (%[[P]])
// CHECK: sched.barrier
// CHECK: sched.loop past "*" {
// CHECK-NEXT: %[[D:.*]] = sched.delayed %[[H]], %[[I]] 1 : !net.t<[64], f32, @"*">, !net.t<[64], f32, @"*/first">
// CHECK-NEXT: sched.barrier
// CHECK-NEXT: sched.call @gemm0(%[[P]], %[[D]], %[[X]]) -> (%[[H]])
// CHECK-NEXT: }
// CHECK: sched.output "h", %[[H]]
builtin.module {
  net.parameter @R : !net.t<[64 x 64], f32> {init = "uniform", seed = 1}
  net.network {
    %x = net.input "x" : !net.t<[64], f32, @"*">
    %r = net.read @R : !net.t<[64 x 64], f32>
    %p = net.past_value %h {node = "p", local = true} : !net.t<[64], f32, @"*">
    %rp = net.times %r, %p : !net.t<[64], f32, @"*">
    %s = net.plus %x, %rp : !net.t<[64], f32, @"*">
    %h = net.tanh %s {node = "h"} : !net.t<[64], f32, @"*">
    net.roots output(%h)
  }
}
