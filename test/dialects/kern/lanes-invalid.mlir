// What the verifier refuses of operations on lanes and rows.
// RUN: bs-opt %s --split-input-file --verify-diagnostics

kern.func @wide(%x : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  // expected-error@+1 {{a row is at least as long as its columns}}
  %a, %b = kern.load_rows %x[%n] stride 1 : vector<4xf32>, vector<4xf32>
  kern.return
}

// -----

kern.func @mixed(%x : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  // expected-error@+1 {{the columns have one type}}
  %a, %b = kern.load_rows %x[%n] stride 2 : vector<4xf32>, vector<8xf32>
  kern.return
}

// -----

kern.func @predicate(%x : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  %a = kern.load %x[%n] : f32
  // expected-error@+1 {{a predicate is one of}}
  %b = kern.choose ult %a, %a, %a, %a : f32
  kern.return
}
