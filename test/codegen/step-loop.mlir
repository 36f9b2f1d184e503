// A loop walks the steps of a layout; a later step is read where the sequences still have one.
// RUN: bs-opt %s --emit llvm | filecheck %s

// CHECK: define void @step(ptr %frame, i64 %tid, i64 %nt)
// CHECK: %lay0 = load ptr
// CHECK: %loop1.T = load i64
// CHECK: loop1.head:
// CHECK: phi i64 [ 0, %loop1.pre ], [ %loop1.next, %loop1.latch ]
// The last step comes first in a loop over later steps.
// CHECK: loop1.body:
// CHECK: sub i64 %loop1.T, 1
// Columns that have the step, then the others, which read the initial state.
// CHECK: some{{[0-9]+}}:
// CHECK: call void @{{.*}}(ptr
// CHECK: none{{[0-9]+}}:
// CHECK: some{{[0-9]+}}:
// CHECK: call void @{{.*}}(ptr
// CHECK: loop1.latch:
sched.kernel @k rows(%a : !net.t<[4], f32, @"*">) -> (!net.t<[4], f32, @"*">) {
  %b = net.pass %a : !net.t<[4], f32, @"*">
  sched.yield %b : !net.t<[4], f32, @"*">
}
sched.program @step ["*", "*/first"] arena [0, 32, 16] {
  %x = sched.buffer input "x" at [0, 0, 0] : !net.t<[4], f32, @"*">
  %i = sched.buffer input "i" at [0, 32, 0] : !net.t<[4], f32, @"*/first">
  %y = sched.buffer temporary "y" at [0, 16, 0] : !net.t<[4], f32, @"*">
  sched.loop future "*" {
    %d = sched.delayed %x, %i 1 : !net.t<[4], f32, @"*">, !net.t<[4], f32, @"*/first">
    sched.call @k(%d) -> (%y)
  }
  sched.output "y", %y : !net.t<[4], f32, @"*">
}
