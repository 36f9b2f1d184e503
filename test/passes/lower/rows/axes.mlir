// A reduction of one axis of several runs as a loop nest, vectors along the fastest axis.
// RUN: bs-opt %s -p 'sched-to-kern{target=avx512}' | filecheck %s

// CHECK: kern.func @k
sched.kernel @k rows(%x : !net.t<[3 x 5], f32, @"*">) -> (!net.t<[3 x 1], f32, @"*">) {
  // CHECK: %[[THREE:.*]] = arith.constant 3 : index
  // CHECK: scf.for %{{.*}} = %start to %end
  // CHECK: %[[SUM:.*]] = scf.for {{.*}} iter_args
  // CHECK: %[[V:.*]] = kern.load %x0[%{{.*}}], %[[THREE]] : vector<16xf32>
  // CHECK: scf.yield
  // CHECK: kern.store %[[SUM]], %ws[%{{.*}}], %[[THREE]]
  %s = net.reduce %x {axis = 2} : !net.t<[3 x 1], f32, @"*">
  sched.yield %s : !net.t<[3 x 1], f32, @"*">
}
