// The last step of each sequence: a loop over the sequences of this thread; pieces are refused.
// RUN: bs-opt %s --emit kern | filecheck %s

sched.kernel @last sequence(%x : !net.t<[4], f32, @"*">) -> (!net.t<[4], f32, @"*/first">) {
  %l = net.sequence_slice %x {begin = -1} : !net.t<[4], f32, @"*/first">
  sched.yield %l : !net.t<[4], f32, @"*/first">
}
// CHECK: kern.func @last(%x0: !kern.ptr, %y0: !kern.ptr, %y1: !kern.ptr, %y2: !kern.ptr, %n: index,
// CHECK: scf.for {{.*}} = %start to %end
// CHECK: arith.cmpi ne,
// CHECK-NEXT: scf.if
// CHECK: kern.store {{.*}} : i64
// CHECK: arith.maxsi
// CHECK: scf.for
// CHECK: kern.load %x0[
// CHECK: kern.store {{.*}}, %y0[
// CHECK: kern.return
