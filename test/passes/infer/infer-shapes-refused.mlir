// What inference finds wrong names the node and the operands with their shapes.
// RUN: bs-opt %s --split-input-file -p net-infer-shapes --verify-diagnostics

builtin.module {
  net.parameter @b : !net.t<[3 x ?], f32> {init = "constant", value = 0.0}
  net.network {
    %x = net.input "x" : !net.t<[4 x 2], f32, @"*">
    %b = net.read @b : !net.t<[3 x ?], f32>
    // expected-error@+1 {{BS0401]: shapes do not match in 'z'}}
    %z = net.plus %x, %b {node = "z"} : !net.t<*, f32>
    net.roots output(%z)
  }
}

// -----

builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[4], f32, @"*">
    %y = net.input "y" : !net.t<[4], f32, @time>
    // expected-error@+1 {{'*' of input 'x' and 'time' of input 'y'}}
    %z = net.plus %x, %y {node = "z"} : !net.t<*, f32>
    net.roots output(%z)
  }
}

// -----

builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[4], f32, @"*">
    // expected-error@+1 {{BS0407]: this reduction over samples is not supported in 'z'}}
    %z = net.reduce %x {node = "z", op = "Max", axis = -2} : !net.t<*, f32>
    net.roots output(%z)
  }
}

// -----

builtin.module {
  net.network {
    // expected-error@+1 {{BS0408]: the shape of 'net.splat' is not known}}
    %z = net.splat 1.0 : !net.t<[?], f32>
    net.roots output(%z)
  }
}

// -----

builtin.module {
  net.parameter @b : !net.t<[4], f32> {init = "constant", value = 0.0}
  net.network {
    %x = net.input "x" : !net.t<[4], f32, @"*">
    %b = net.read @b : !net.t<[4], f32>
    // expected-error@+1 {{'b' does not depend on an Input}}
    %z = net.square_error %x, %b {node = "z"} : !net.t<*, f32>
    net.roots criterion(%z)
  }
}

// -----

builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[4], f32, @"*">
    %s = net.square_error %x, %x {node = "s"} : !net.t<*, f32>
    // expected-error@+1 {{'s' is one value for all samples: they are summed}}
    %z = net.epoch_accumulator %s {node = "z"} : !net.t<*, f32>
    net.roots criterion(%z)
  }
}
