// A criterion: the first thread adds the samples, a vector of them at a time, to the running sum.
// RUN: bs-opt %s -p 'sched-to-kern{target=avx512}' | filecheck %s

// CHECK: kern.func @k
sched.kernel @k columns(%c : !net.t<[1], f32, @"*">, %sum : !net.t<[1], f32>) -> (!net.t<[1], f32>) {
  // CHECK: arith.cmpi eq, %tid
  // CHECK-NEXT: scf.if
  // CHECK: scf.for
  // CHECK: kern.load %x0[%{{.*}}] : vector<16xf32>
  // CHECK: scf.for
  // CHECK: kern.load %x0[%{{.*}}], %[[COUNT:.*]] : vector<16xf32>
  // CHECK: kern.fill %{{.*}}, %[[COUNT]]
  // CHECK: kern.reduce "add", %{{.*}} : vector<16xf64> to f64
  // CHECK: arith.truncf %{{.*}} : f64 to f32
  // CHECK: kern.store %{{.*}}, %y0[%{{.*}}] : f32
  %s = net.sum_to %c : !net.t<[1], f32>
  %r = net.plus %sum, %s : !net.t<[1], f32>
  sched.yield %r : !net.t<[1], f32>
}
