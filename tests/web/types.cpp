// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which handler takes which exception, and where dynamic_cast finds what. Each function answers with what
// went otherwise than the standard says; empty: nothing.
#include "rouse/web/export.hpp"
#include "types_elsewhere.hpp"

#include <cstddef>
#include <string>
#include <typeinfo>

namespace {

class Root {
public:
    Root() = default;
    Root(const Root&) = default;
    virtual ~Root() = default;
    int root = 1;
};
class Other {
public:
    Other() = default;
    Other(const Other&) = default;
    virtual ~Other() = default;
    int other = 2;
};
class Plain { // not polymorphic
public:
    int plain = 3;
};
class Single : public Root {
public:
    int single = 4;
};
class Several : public Plain, public Root, public Other {
public:
    int several = 5;
};
class Hidden : private Root, public Other {
public:
    int hidden = 6;
};
class Left : public Root {
public:
    int left = 7;
};
class Right : public Root {
public:
    int right = 8;
};
class Twice : public Left, public Right { // two Roots
public:
    int twice = 9;
};
class SharedLeft : public virtual Root {
public:
    int left = 10;
};
class SharedRight : public virtual Root {
public:
    int right = 11;
};
class Once : public SharedLeft, public SharedRight { // one Root
public:
    int once = 12;
};
class HalfHidden : private SharedLeft, public SharedRight { // the Root is public on one way
public:
    int half = 13;
};
class Deep : public Once, public Other {
public:
    int deep = 14;
};

/// Whether a handler for H takes `thrown`.
template <class H, class T>
bool takes(T thrown) {
    try {
        throw thrown;
    } catch (H) {
        return true;
    } catch (...) {
        return false;
    }
}

class Answers {
public:
    void expect(bool seen, bool right, const char* what) {
        if (seen == right) return;
        text += what;
        text += "; ";
    }
    std::string text;
};
#define YES(...) answers.expect(__VA_ARGS__, true, #__VA_ARGS__)
#define NO(...) answers.expect(__VA_ARGS__, false, #__VA_ARGS__)

enum class Colour { red };
enum Size { small };
void function() {}
void quiet() noexcept {}

std::string catches_of_values() {
    Answers answers;
    YES(takes<int>(1));
    NO(takes<unsigned>(1));
    NO(takes<long>(1));
    YES(takes<Colour>(Colour::red));
    NO(takes<int>(small));
    YES(takes<const Root&>(Root()));
    YES(takes<const Root&>(Single()));
    NO(takes<const Single&>(Root()));
    YES(takes<const Root&>(Several()));
    YES(takes<const Other&>(Several()));
    YES(takes<const Plain&>(Several()));
    NO(takes<const Root&>(Hidden()));
    YES(takes<const Other&>(Hidden()));
    NO(takes<const Root&>(Twice()));
    YES(takes<const Left&>(Twice()));
    YES(takes<const Root&>(Once()));
    YES(takes<const Root&>(HalfHidden()));
    NO(takes<const SharedLeft&>(HalfHidden()));
    YES(takes<const Root&>(Deep()));
    YES(takes<const Other&>(Deep()));
    NO(takes<const Other&>(1));
    NO(takes<int>(Root()));
    NO(takes<const Root&>(static_cast<Root*>(nullptr)));
    return answers.text;
}
ROUSE_EXPORT(catches_of_values)

std::string catches_of_pointers() {
    Answers answers;
    static int number;
    static int* pointer = &number;
    static const int* const_pointer = &number;
    YES(takes<int*>(&number));
    YES(takes<const int*>(&number));
    YES(takes<const volatile int*>(&number));
    NO(takes<int*>(const_pointer));
    YES(takes<void*>(&number));
    NO(takes<void*>(const_pointer));
    YES(takes<const void*>(const_pointer));
    NO(takes<unsigned*>(&number));
    YES(takes<const int* const*>(&pointer));
    NO(takes<const int**>(&pointer));
    YES(takes<int* const*>(&pointer));
    YES(takes<void*>(&pointer));
    NO(takes<void**>(&pointer));
    YES(takes<int*>(nullptr));
    YES(takes<void (*)()>(nullptr));
    YES(takes<std::nullptr_t>(nullptr));
    NO(takes<std::nullptr_t>(&number));
    YES(takes<void (*)()>(&function));
    YES(takes<void (*)()>(&quiet));
    NO(takes<void (*)() noexcept>(&function));
    static void (*loud)() = &function;
    NO(takes<void (*const*)() noexcept>(&loud));
    YES(takes<void (*const*)()>(&loud));
    NO(takes<void*>(&function));
    NO(takes<int (*)()>(&function));

    static Several several;
    static Once once;
    static Twice twice;
    static Hidden hidden;
    YES(takes<Other*>(&several));
    YES(takes<const Other*>(&several));
    NO(takes<Other*>(static_cast<const Several*>(&several)));
    NO(takes<Several*>(static_cast<Other*>(&several)));
    NO(takes<Other**>(static_cast<Several**>(nullptr)));
    YES(takes<Root*>(&once));
    NO(takes<Root*>(&twice));
    NO(takes<Root*>(&hidden));
    YES(takes<void*>(&several));
    YES(takes<Root*>(static_cast<Once*>(nullptr)));
    NO(takes<Root*>(static_cast<Twice*>(nullptr)));
    YES(takes<Other*>(static_cast<Several*>(nullptr)));

    YES(takes<int Root::*>(&Root::root));
    YES(takes<const int Root::*>(&Root::root));
    NO(takes<int Other::*>(&Root::root));
    NO(takes<long Root::*>(&Root::root));
    YES(takes<int Root::*>(nullptr));
    NO(takes<int Root::*>(static_cast<const int Root::*>(&Root::root)));
    return answers.text;
}
ROUSE_EXPORT(catches_of_pointers)

std::string catches_see_the_object() {
    Answers answers;
    try {
        throw Several();
    } catch (const Other& other) {
        YES(other.other == 2);
    }
    try {
        throw Deep();
    } catch (Root& root) {
        YES(root.root == 1);
        YES(dynamic_cast<Deep&>(root).deep == 14);
    }
    static Deep deep;
    try {
        throw &deep;
    } catch (const SharedRight* right) {
        YES(right == &deep);
    }
    try {
        throw &deep;
    } catch (void* whole) {
        YES(whole == &deep);
    }
    try {
        throw static_cast<Once*>(nullptr);
    } catch (Root* root) {
        YES(root == nullptr);
    }
    try {
        throw nullptr;
    } catch (int Root::* member) {
        YES(member == nullptr);
    }
    try {
        throw nullptr;
    } catch (void (Root::*member)()) {
        YES(member == nullptr);
    }
    try {
        throw &Other::other;
    } catch (const int Other::* member) {
        YES(Other().*member == 2);
    }
    return answers.text;
}
ROUSE_EXPORT(catches_see_the_object)

/// Whether a handler for H takes what `thrower` throws.
template <class H>
bool takes_from(void (*thrower)()) {
    try {
        thrower();
    } catch (H) {
        return true;
    } catch (...) {
        return false;
    }
    return false;
}

// Here Far is incomplete, and there it is not.
std::string catches_of_incomplete_classes() {
    Answers answers;
    YES(takes_from<Far**>(throw_far));
    YES(takes_from<Far* const*>(throw_far));
    YES(takes_from<const Far* const*>(throw_far));
    NO(takes_from<const Far**>(throw_far));
    NO(takes_from<Further**>(throw_far));
    YES(takes_from<int Far::*>(throw_member));
    YES(takes_from<const int Far::*>(throw_member));
    NO(takes_from<int Further::*>(throw_member));
    NO(takes_from<long Far::*>(throw_member));
    YES(catches_far([] { throw static_cast<Far**>(nullptr); }));
    NO(catches_far([] { throw static_cast<Further**>(nullptr); }));
    YES(catches_member([] { throw static_cast<int Far::*>(nullptr); }));
    NO(catches_member([] { throw static_cast<int Further::*>(nullptr); }));
    return answers.text;
}
ROUSE_EXPORT(catches_of_incomplete_classes)

/// The compiler must not know what it points to.
template <class T>
T* hidden_from_compiler(T* pointer) {
    T* volatile kept = pointer;
    return kept;
}
template <class To, class From>
To* cast(From* from) {
    return dynamic_cast<To*>(hidden_from_compiler(from));
}

std::string casts() {
    Answers answers;
    Single single;
    YES(cast<Single>(static_cast<Root*>(&single)) == &single);
    NO(cast<Several>(static_cast<Root*>(&single)) != nullptr);
    YES(cast<Single>(static_cast<Root*>(nullptr)) == nullptr);

    Several several;
    Root* const root = &several;
    Other* const other = &several;
    YES(cast<Several>(other) == &several);
    YES(cast<Other>(root) == other); // sideways
    YES(cast<Root>(other) == root);
    YES(cast<void>(other) == &several);
    NO(cast<Single>(other) != nullptr);

    Twice twice;
    Root* const left_root = static_cast<Left*>(&twice);
    Root* const right_root = static_cast<Right*>(&twice);
    YES(cast<Left>(left_root) == &twice);
    YES(cast<Right>(left_root) == &twice); // sideways
    YES(cast<Twice>(left_root) == &twice);
    YES(cast<Twice>(right_root) == &twice);
    YES(cast<Right>(right_root) == &twice);

    Once once;
    Root* const shared = &once;
    YES(cast<Once>(shared) == &once);
    YES(cast<SharedRight>(shared) == &once);
    YES(cast<SharedRight>(static_cast<SharedLeft*>(&once)) == &once);

    Deep deep;
    YES(cast<Other>(static_cast<Root*>(&deep)) == &deep);
    YES(cast<Deep>(static_cast<Other*>(&deep)) == &deep);
    YES(cast<SharedLeft>(static_cast<Other*>(&deep)) == &deep);
    YES(cast<void>(static_cast<SharedRight*>(&deep)) == &deep);

    Hidden hidden;
    NO(cast<Root>(static_cast<Other*>(&hidden)) != nullptr); // not public
    YES(cast<Hidden>(static_cast<Other*>(&hidden)) == &hidden);
    HalfHidden half;
    YES(cast<HalfHidden>(static_cast<Root*>(&half)) == &half);
    NO(cast<SharedLeft>(static_cast<SharedRight*>(&half)) != nullptr);

    class Pair : public Several, public Twice {}; // three Roots
    Pair pair;
    Root* const one = static_cast<Several*>(&pair);
    YES(cast<Left>(one) == static_cast<Left*>(&pair));
    YES(cast<Pair>(one) == &pair);
    NO(cast<Root>(static_cast<Other*>(&pair)) != nullptr); // which?

    bool refused = false;
    try {
        (void)dynamic_cast<Single&>(*hidden_from_compiler(other));
    } catch (const std::bad_cast&) {
        refused = true;
    }
    YES(refused);
    const Root& unknown = *hidden_from_compiler(root);
    YES(typeid(unknown) == typeid(Several));
    NO(typeid(unknown) == typeid(Root));
    return answers.text;
}
ROUSE_EXPORT(casts)

} // namespace
