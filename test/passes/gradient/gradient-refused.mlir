// There is nothing to train without a criterion, without parameters, or through a metric.
// RUN: bs-opt %s --split-input-file -p net-gradient --verify-diagnostics

builtin.module {
  // expected-error@+1 {{the network has no criterion to train}}
  net.network {
    %x = net.input "x" : !net.t<[3], f32, @"*">
    net.roots output(%x)
  }
}

// -----

builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[3], f32, @"*">
    // expected-error@+1 {{the criterion 'se' depends on no parameter that learns}}
    %se = net.square_error %x, %x {node = "se"} : !net.t<[1], f32>
    net.roots criterion(%se)
  }
}

// -----

builtin.module {
  net.parameter @b : !net.t<[3], f32> {init = "constant", value = 0.0}
  net.network {
    %x = net.input "x" : !net.t<[3], f32, @"*">
    %b = net.read @b : !net.t<[3], f32>
    %z = net.plus %x, %b {node = "z"} : !net.t<[3], f32, @"*">
    // expected-error@+1 {{'errs' cannot be trained through: ClassificationError has no gradient}}
    %errs = net.classification_error %x, %z {node = "errs"} : !net.t<[1], f32>
    net.roots criterion(%errs)
  }
}

// -----

builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[3], f32, @"*">
    // expected-error@+1 {{the shape of 'z' is not known}}
    %z = net.sigmoid %x {node = "z"} : !net.t<*, f32>
    %se = net.square_error %x, %z {node = "se"} : !net.t<[1], f32>
    net.roots criterion(%se)
  }
}
