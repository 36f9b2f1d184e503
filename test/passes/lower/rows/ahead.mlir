// Long samples: while the second pass computes, memory for the third and for the next sample comes.
// RUN: bs-opt %s -p 'sched-to-kern{target=avx512}' | filecheck %s

// CHECK: kern.func @k
sched.kernel @k rows(%z : !net.t<[8192], f32, @"*">, %y : !net.t<[8192], f32, @"*">) -> (!net.t<[8192], f32, @"*">) {
  // CHECK: kern.reduce "max"
  // CHECK: scf.for
  // CHECK: kern.prefetch %x1[%{{.*}}] : f32
  // CHECK: kern.prefetch %x0[%{{.*}}] : f32
  // CHECK: kern.prefetch %y0[%{{.*}}] : f32
  // CHECK: math.exp
  // CHECK: kern.reduce "add"
  // CHECK-NOT: kern.prefetch
  // CHECK: kern.return
  %e = net.softmax %z : !net.t<[8192], f32, @"*">
  %g = net.minus %e, %y : !net.t<[8192], f32, @"*">
  sched.yield %g : !net.t<[8192], f32, @"*">
}
