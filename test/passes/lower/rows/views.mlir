// A slice is read where it lies: rows of 2048 apart, 512 elements behind their begin.
// RUN: bs-opt %s -p 'sched-to-kern{target=avx512}' | filecheck %s

// CHECK: kern.func @gate
sched.kernel @gate rows(%p: !net.t<[2048], f32, @"*">, %c: !net.t<[512], f32, @"*">) -> (!net.t<[512], f32, @"*">) {
  // CHECK: scf.for
  // CHECK: %[[ROW:.*]] = arith.muli %{{.*}}, %[[PITCH:.*]] : index
  // CHECK-NEXT: %[[AT:.*]] = arith.addi %[[ROW]], %[[BEGIN:.*]] : index
  // CHECK: kern.load %x0[
  // CHECK: kern.load %x1[
  // CHECK: kern.store %{{.*}}, %y0[
  %g = net.slice %p {begin = 512, end = 1024} : !net.t<[512], f32, @"*">
  %z = net.element_times %g, %c : !net.t<[512], f32, @"*">
  sched.yield %z : !net.t<[512], f32, @"*">
}

// A transposition reads elements apart, one for each lane.
// CHECK: kern.func @turned
sched.kernel @turned rows(%x: !net.t<[64 x 48], f32, @"*">) -> (!net.t<[48 x 64], f32, @"*">) {
  // CHECK: kern.load_rows %x0[%{{.*}}] stride 64 : vector<16xf32>
  // CHECK: kern.store %{{.*}}, %y0[
  %z = net.transpose_dimensions %x : !net.t<[48 x 64], f32, @"*">
  sched.yield %z : !net.t<[48 x 64], f32, @"*">
}
