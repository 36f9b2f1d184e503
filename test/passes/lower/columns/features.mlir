// A bias gradient: threads share the features, sums are in double precision, the update follows.
// RUN: bs-opt %s -p 'sched-to-kern{target=avx512}' | filecheck %s

// CHECK: kern.func @k
sched.kernel @k columns(%g : !net.t<[100], f32, @"*">, %b : !net.t<[100], f32>) -> (!net.t<[100], f32>) {
  // CHECK: scf.for %[[AT:.*]] = %start
  // CHECK: %[[SUM:.*]], %{{.*}}, %{{.*}}, %{{.*}} = scf.for %[[COLUMN:.*]] = %{{.*}} to %n
  // CHECK: arith.extf %{{.*}} : vector<16xf32> to vector<16xf64>
  // CHECK: arith.addf {{.*}} : vector<16xf64>
  // CHECK: kern.load %x1[%[[AT]]] : vector<16xf32>
  // CHECK: arith.truncf %[[SUM]] : vector<16xf64> to vector<16xf32>
  // CHECK: arith.subf
  // CHECK: kern.store %{{.*}}, %y0[%[[AT]]] : vector<16xf32>
  // CHECK: scf.for
  // CHECK: kern.load %x0[%{{.*}}], %{{.*}} : vector<16xf32>
  %s = net.sum_to %g : !net.t<[100], f32>
  %r = net.minus %b, %s : !net.t<[100], f32>
  sched.yield %r : !net.t<[100], f32>
}
