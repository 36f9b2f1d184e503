// Statistics become updates of running values, weighted by what the host says it has seen.
// RUN: bs-opt %s -p 'net-select{mode=precompute},net-precompute' | filecheck %s

// CHECK: net.state @hyper.old_weight
// CHECK: net.state @hyper.new_weight
// CHECK: net.state @m : !net.t<[3], f32> {role = "statistic", of = "Mean"}
// CHECK: net.state @d : !net.t<[3], f32> {role = "statistic", of = "InvStdDev"}
// CHECK: net.state @d.mean : !net.t<[3], f32> {role = "running", of = "d"}
// CHECK: net.state @d.variance
// CHECK: net.sum_to %x : !net.t<[3], f32>
// CHECK: net.write @m,
// CHECK: net.write @d.mean,
// CHECK: net.write @d.variance,
// CHECK: net.write @d,
// CHECK: net.roots
builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[3], f32, @"*">
    %m = net.mean %x {node = "m"} : !net.t<[3], f32>
    %d = net.inv_std_dev %x {node = "d"} : !net.t<[3], f32>
    %n = net.per_dim_mean_var_normalization %x, %m, %d {node = "n"} : !net.t<[3], f32, @"*">
    net.roots output(%n)
  }
}
