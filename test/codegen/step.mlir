// The step computes addresses first; serial calls share a branch; a lone thread skips barriers.
// RUN: bs-opt %s --emit llvm | filecheck %s

sched.kernel @wide rows(%a : !net.t<[4], f32, @"*">, %b : !net.t<[1], f32>) -> (!net.t<[4], f32, @"*">) {
  %c = net.element_times %a, %b : !net.t<[4], f32, @"*">
  sched.yield %c : !net.t<[4], f32, @"*">
}
sched.kernel @tiny rows(%a : !net.t<[1], f32>) -> (!net.t<[1], f32>) {
  %b = net.negate %a : !net.t<[1], f32>
  sched.yield %b : !net.t<[1], f32>
}
sched.program @step ["*"] arena [128, 32] {
  %x = sched.buffer input "x" at [128, 0] : !net.t<[4], f32, @"*">
  %l = sched.buffer state hyper "l" : !net.t<[1], f32>
  %u = sched.buffer temporary "u" at [0, 0] : !net.t<[1], f32>
  %v = sched.buffer temporary "v" at [64, 0] : !net.t<[1], f32>
  %y = sched.buffer temporary "y" at [128, 16] : !net.t<[4], f32, @"*">
  sched.call serial @tiny(%l) -> (%u)
  sched.call serial @tiny(%u) -> (%v)
  sched.barrier
  sched.call @wide(%x, %v) -> (%y)
  sched.output "y", %y : !net.t<[4], f32, @"*">
}
// CHECK: define void @step(ptr %frame, i64 %tid, i64 %nt) {
// CHECK: %n0.at = getelementptr i64, ptr %frame, i64 5
// CHECK: %pad0 = and i64 %up0, -16
// CHECK: %b1.at = getelementptr i64, ptr %frame, i64 7
// CHECK: %b4.m0 = mul i64 %pad0, 16
// CHECK-NEXT: %b4.s0 = add i64 128, %b4.m0
// CHECK-NEXT: %b4 = getelementptr i8, ptr %arena, i64 %b4.s0
// CHECK-NEXT: br i1 %first, label %alone1, label %join1
// CHECK-NEXT: alone1:
// CHECK-NEXT: call void @tiny(ptr %b1, ptr %b2, i64 0, ptr %ws, i64 0, i64 1)
// CHECK-NEXT: call void @tiny(ptr %b2, ptr %b3, i64 0, ptr %ws, i64 0, i64 1)
// CHECK-NEXT: br label %join1
// CHECK-NEXT: join1:
// CHECK-NEXT: br i1 %many, label %wait2, label %go2
// CHECK-NEXT: wait2:
// CHECK-NEXT: call void @bs_barrier(ptr %barrier, i64 %tid, i64 %nt)
// CHECK: call void @wide(ptr %b0, ptr %b3, ptr %b4, i64 %n0, ptr %ws, i64 %tid, i64 %nt)
