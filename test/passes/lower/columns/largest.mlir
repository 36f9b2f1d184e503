// The largest over all samples: vectors of elements, a loop over the samples for each.
// RUN: bs-opt %s -p 'sched-to-kern{target=avx2}' | filecheck %s

// CHECK: kern.func @k
sched.kernel @k columns(%x : !net.t<[20], f32, @"*">) -> (!net.t<[20], f32>) {
  // CHECK: scf.for %[[AT:.*]] = %start to %end
  // CHECK: arith.constant 0xff800000 : f32
  // CHECK: %[[BEST:.*]] = scf.for %{{.*}} = %{{.*}} to %n
  // CHECK: kern.load %x0[%{{.*}}], %{{.*}} : vector<8xf32>
  // CHECK: kern.choose
  // CHECK: kern.store %[[BEST]], %y0[%[[AT]]]
  %m = net.reduce %x {op = "Max", axis = -3} : !net.t<[20], f32>
  sched.yield %m : !net.t<[20], f32>
}
