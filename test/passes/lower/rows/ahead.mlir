// Long samples: memory comes shortly before a pass is the first to read it, that of the next sample
// while the second pass computes.
// RUN: bs-opt %s -p 'sched-to-kern{target=avx512}' | filecheck %s

// CHECK: kern.func @k
sched.kernel @k rows(%z : !net.t<[8192], f32, @"*">, %y : !net.t<[8192], f32, @"*">) -> (!net.t<[8192], f32, @"*">) {
  // CHECK-DAG: %[[NEAR:.*]] = arith.constant 512 : index
  // CHECK-DAG: %[[NEXT:.*]] = arith.constant 8192 : index
  // CHECK: scf.for
  // CHECK: kern.prefetch %x0[%{{.*}}] : f32
  // CHECK: kern.reduce "max"
  // CHECK: scf.for
  // CHECK: arith.addi %{{.*}}, %[[NEXT]]
  // CHECK: kern.prefetch %x0[%{{.*}}] : f32
  // CHECK: kern.decay
  // CHECK: kern.reduce "add"
  // CHECK: scf.for
  // CHECK: arith.addi %{{.*}}, %[[NEAR]]
  // CHECK: kern.prefetch %x1[%{{.*}}] : f32
  // CHECK: kern.load %x1
  %e = net.softmax %z : !net.t<[8192], f32, @"*">
  %g = net.minus %e, %y : !net.t<[8192], f32, @"*">
  sched.yield %g : !net.t<[8192], f32, @"*">
}
