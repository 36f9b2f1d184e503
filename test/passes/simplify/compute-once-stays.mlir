// Random numbers, parameters that a step moves, and what is much larger than its source stay.
// RUN: bs-opt %s -p net-compute-once | filecheck %s

// CHECK-NOT: once
builtin.module {
  net.parameter @moved : !net.t<[3], f32> {init = "constant", value = 1.0}
  net.parameter @column : !net.t<[2000], f32> {init = "constant", value = 1.0}
  net.parameter @row : !net.t<[1 x 2000], f32> {init = "constant", value = 1.0}
  net.state @generator.d : !net.t<[626], f32> {role = "random", of = "d"}
  net.network {
    %x = net.input "x" : !net.t<[3], f32, @"*">
    %g = net.read @generator.d : !net.t<[626], f32>
    %u = net.uniform %g : !net.t<[3], f32>
    %m = net.read @moved : !net.t<[3], f32>
    %e = net.exp %m : !net.t<[3], f32>
    %c = net.read @column : !net.t<[2000], f32>
    %r = net.read @row : !net.t<[1 x 2000], f32>
    %o = net.element_times %c, %r : !net.t<[2000 x 2000], f32>
    %s = net.element_times %x, %e : !net.t<[3], f32, @"*">
    %z = net.plus %s, %u {node = "z"} : !net.t<[3], f32, @"*">
    %f = net.input "f" : !net.t<[1], f32, @"*">
    %l = net.element_times %o, %f {node = "l"} : !net.t<[2000 x 2000], f32, @"*">
    net.write @moved, %e
    net.roots output(%z, %l)
  }
}
